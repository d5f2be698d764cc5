FROM base
ENV A=1 B="x y" C=z\ w
ENV OLD form with  spaces
ENV D=$A E=${B} F=${N:-default} G=${A:+set} H=\$A I='$A' J="${A}${A}"
ENV A=2 K=$A
RUN echo "$A|$B|$C|$D|$E|$F|$G|$H|$I|$J|$K|$OLD" > /seen
LABEL value="$B" "quoted name"=1
WORKDIR /work/$A
USER ${N:-0}
