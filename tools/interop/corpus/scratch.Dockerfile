FROM scratch
COPY one /
COPY dir /dir
LABEL only=files
