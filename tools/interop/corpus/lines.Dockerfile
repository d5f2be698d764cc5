# escape=`
FROM base
  # a comment
run echo a `
    # a comment in between
    b > /seen
Env A=`
1
cMd ["x"]

