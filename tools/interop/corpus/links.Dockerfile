FROM base
RUN mkdir -p /real && ln -s /real /absolute && ln -s real /relative && echo 1 > /real/f && ln /real/f /real/hard
COPY one /absolute/one
COPY two /relative/
RUN mkdir /absolute/made && echo 2 >> /real/hard
