FROM base
WORKDIR /a/b
WORKDIR c
WORKDIR ../d
RUN pwd > /seen
WORKDIR /bin
COPY one .
WORKDIR /made
COPY one two ./
COPY dir sub/
