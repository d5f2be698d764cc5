FROM base AS first
RUN echo 1 > /made && mkdir /tree && echo 2 > /tree/f
FROM first AS second
RUN echo 3 > /second
FROM base
COPY --from=first /made /one
COPY --from=1 /second /two
COPY --from=second /tree /tree
COPY --from=base /bin/busybox /copied
COPY --from=first --chown=3:4 /tree/f /three
