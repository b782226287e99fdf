"""`--detach-keys`."""

from typing import Final

from engine.errors import InvalidInput

DEFAULT: Final = "ctrl-]"
_CONTROL: Final = {f"ctrl-{letter}": bytes([ord(letter) - 96]) for letter in "abcdefghijklmnopqrstuvwxyz"} | {
    "ctrl-@": b"\x00",
    "ctrl-[": b"\x1b",
    "ctrl-\\": b"\x1c",
    "ctrl-]": b"\x1d",
    "ctrl-^": b"\x1e",
    "ctrl-_": b"\x1f",
}


def parse_keys(text: str) -> bytes:
    """The bytes that a terminal sends for `ctrl-p,ctrl-q`, `ctrl-]` or `a,b,c`; empty where the text is.

    Raises `InvalidInput`.
    """
    if not text:
        return b""
    return b"".join(_key(word, text) for word in text.split(","))


def _key(word: str, text: str) -> bytes:
    if word in _CONTROL:
        return _CONTROL[word]
    if len(word) == 1 and word.isascii() and word.isprintable():
        return word.encode()
    raise InvalidInput(f"'{word}' in '{text}' is not a key", hint="a letter, or ctrl- and a letter or one of @[\\]^_")
