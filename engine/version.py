"""The version of quarterdeck; the same as in pyproject.toml, which a test checks.

A constant, because asking the installed package's metadata costs a short command 20 ms.
"""

from typing import Final

VERSION: Final = "0.1.0"
