FROM base
RUN echo 1 > /setuid && chmod 4755 /setuid && mkdir -m 1777 /sticky && mkfifo /fifo && echo 2 > /none && chmod 0 /none
RUN chmod 750 /sticky && touch /none
USER user
RUN id > /tmp/seen
USER 12:34
RUN id -u > /tmp/number && id -g >> /tmp/number
