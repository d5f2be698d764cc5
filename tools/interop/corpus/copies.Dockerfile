FROM base
COPY one /renamed
COPY one /into/
COPY dir /dir
COPY dir/ /dir2/
COPY dir/*.txt dir/s* /globbed/
COPY o?e [t]wo /more/
COPY ["with space", "/with space"]
COPY run.sh /usr/bin/
COPY --chown=7:8 one /owned
COPY --chown=user:group dir /owned-dir
COPY --chown=7 one /owned-by-number
COPY one /bin
COPY . /everything
