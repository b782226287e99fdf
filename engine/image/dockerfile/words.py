"""Words of a Dockerfile's line: split, freed of their quotes, their variables filled in.

    'text'      as it is
    "text"      a backslash takes the meaning from the quote, from itself and from $
    \\x          x
    $NAME  ${NAME}  ${NAME:-instead}  ${NAME:+instead}

Source: Dockerfile reference, "Environment replacement", "Escape"; what Docker 20.10 makes of them, compared in
tests/integration/formats.
"""

import re
from collections.abc import Mapping
from typing import Final

from engine.errors import InvalidInput

BLANKS: Final = " \t\r\n\v\f"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]", re.ASCII)
_DEPTH_MAX: Final = 20
"""Variables within the replacement of a variable."""


def split(text: str) -> list[str]:
    """The words of a line, quotes and backslashes still in them; blanks within quotes part nothing."""
    words, word, quote, position = [], "", "", 0
    while position < len(text):
        char = text[position]
        position += 1
        if not quote and char in BLANKS:
            words.append(word)
            word = ""
            continue
        word += char
        if char == "\\" and quote != "'" and position < len(text):
            word += text[position]
            position += 1
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
    return [word for word in (*words, word) if word]


def expand(word: str, variables: Mapping[str, str]) -> str:
    """A word without its quotes, with the values of its variables; an unknown one is empty. Raises InvalidInput."""
    return _Expansion(word, variables).run()


def expand_words(word: str, variables: Mapping[str, str]) -> list[str]:
    """The same, and where a variable's value has blanks in it, several words."""
    return [part for part in expand(word, variables).split() if part]


class _Expansion:
    """One word on its way."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._depth = 0
        self._position = 0

    def run(self) -> str:
        return self._until("")

    def _until(self, end: str) -> str:
        """What stands before the character `end`, or before the end of the text where that is empty."""
        pieces: list[str] = []
        while self._position < len(self._text):
            char = self._next()
            if char == end:
                return "".join(pieces)
            pieces.append(self._piece(char))
        if end:
            raise InvalidInput(f"{self._text[:60]!r} lacks its closing {end}", hint=f"add the {end}")
        return "".join(pieces)

    def _piece(self, char: str) -> str:
        if char == "'":
            return self._single_quoted()
        if char == '"':
            return self._double_quoted()
        if char == "$":
            return self._variable()
        if char == "\\":
            return self._next()
        return char

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._position)
        if end < 0:
            raise InvalidInput(f"{self._text[:60]!r} lacks its closing '", hint="add the quote")
        inner = self._text[self._position : end]
        self._position = end + 1
        return inner

    def _double_quoted(self) -> str:
        pieces: list[str] = []
        while self._position < len(self._text):
            char = self._next()
            if char == '"':
                return "".join(pieces)
            if char == "$":
                char = self._variable()
            elif char == "\\" and self._peek() in ('"', "$", "\\"):
                char = self._next()
            pieces.append(char)
        raise InvalidInput(f'{self._text[:60]!r} lacks its closing "', hint="add the quote")

    def _variable(self) -> str:
        if self._peek() == "{":
            self._next()
            return self._braced()
        name = self._name()
        return self._variables.get(name, "") if name else "$"

    def _braced(self) -> str:
        """`${NAME}`, or with `:-` and `:+` what stands there instead."""
        name = self._name()
        operator = self._next()
        if name and operator == "}":
            return self._variables.get(name, "")
        how = self._next() if operator == ":" else ""
        if not name or how not in ("-", "+"):
            raise InvalidInput(
                f"{self._text[:60]!r} has a variable that cannot be filled in",
                hint="write ${NAME}, ${NAME:-instead} or ${NAME:+instead}",
            )
        instead = self._nested()
        value = self._variables.get(name, "")
        return (instead if value else "") if how == "+" else value or instead

    def _nested(self) -> str:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise InvalidInput(f"{self._text[:60]!r} has too many variables in each other", hint="write it plainly")
        instead = self._until("}")
        self._depth -= 1
        return instead

    def _name(self) -> str:
        match = _NAME.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _next(self) -> str:
        char = self._peek()
        self._position += 1
        return char
