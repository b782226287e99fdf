"""Names of files on their way through JSON, which has no bytes that are not UTF-8: each byte is a character there."""

import os


def to_text(path: str) -> str:
    """A path of this system, as JSON can have it."""
    return os.fsencode(path).decode("latin-1")


def from_text(text: str) -> str:
    """The path again. Raises UnicodeEncodeError for what is not such a text."""
    return os.fsdecode(text.encode("latin-1"))
