"""The header that says which bytes of a blob an answer has.

    Content-Range: bytes FIRST-LAST/TOTAL         TOTAL may be `*`

Source: RFC 9110, section 14.4.
"""

import re
from typing import Final

from engine.errors import InvalidInput

_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)", re.ASCII | re.IGNORECASE)


def check_content_range(header: str, offset: int, size: int) -> None:
    """The answer begins at `offset` of a blob of `size` bytes. Raises InvalidInput."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise _refused("does not say which part of the blob it sends")
    first, last, total = int(match[1]), int(match[2]), match[3]
    if first != offset:
        raise _refused(f"sends the blob from byte {first} on, when it was asked for it from {offset} on")
    if not first <= last < size or total not in {"*", str(size)}:
        raise _refused(f"sends bytes {first} to {last} of {total}, but the blob has {size}")


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(f"the registry {reason}", hint="there is a fault in the registry or in a proxy before it")
