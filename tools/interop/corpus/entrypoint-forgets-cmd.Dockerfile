FROM base
CMD ["only", "for", "another"]
ENTRYPOINT echo shell form
