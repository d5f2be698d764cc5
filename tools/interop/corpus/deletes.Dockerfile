FROM base
RUN mkdir -p /x/y/z && echo 1 > /x/y/z/f && echo 2 > /x/g && ln -s g /x/l
RUN rm -r /x/y && echo 3 > /x/y
RUN rm /x/y && mkdir /x/y && echo 4 > /x/y/new
RUN rm /x/l && ln -s y /x/l && chmod 700 /x && chown 9:9 /x/g
RUN rm -r /x/y && mkdir -p /x/y/again
