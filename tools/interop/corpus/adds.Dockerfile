FROM base
ADD two.tar /unpacked/
ADD one /one
COPY two.tar /whole.tar
ADD --chown=5:6 two.tar /others/
