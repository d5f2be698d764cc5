FROM base
RUN echo one && \
    echo "two # not a comment" > /seen && \

    echo three >> /seen
RUN ["/bin/sh", "-c", "echo exec form >> /seen"]
RUN cat /seen; \
  # gone
  test -s /seen
