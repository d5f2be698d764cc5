FROM base
ENTRYPOINT ["/bin/echo", "first"]
CMD second "third fourth"
