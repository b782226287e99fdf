"""The version of quarterdeck; the same as in pyproject.toml, which a test checks.

A constant, because asking the installed package's metadata costs a short command 20 ms; without
`Final`, because `typing` costs `qd-runtime --version` half of its time.
"""

VERSION = "0.1.0"
