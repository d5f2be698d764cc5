FROM base
EXPOSE 80 443/tcp 53/udp
VOLUME /data /more
VOLUME ["/as json"]
LABEL a=1 b="two words" \
      c=3
STOPSIGNAL SIGUSR1
MAINTAINER somebody
SHELL ["/bin/sh", "-x", "-c"]
RUN echo with a shell of its own
CMD shell form
