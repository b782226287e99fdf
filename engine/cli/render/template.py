"""`--format`: the common part of Go's templates, and nothing that computes.

{{.Field}}  {{.Field.Below}}  {{json .}}  {{json .Field}}     and text between them, with \\t and \\n
table {{.A}}\\t{{.B}}                                          with a heading
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.cli.render.clean import printable
from engine.errors import InvalidInput

_ACTION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_EXPRESSION: Final = re.compile(r"\s*(json\s+)?(\.|(?:\.[A-Za-z_][A-Za-z0-9_-]*)+)\s*")
_HINT: Final = "{{.Name}}, {{.State.Status}}, {{json .}} or {{json .Name}}"


class Template:
    """A parsed template. Raises `InvalidInput` where it asks for more than there is."""

    def __init__(self, text: str) -> None:
        parts = _ACTION.split(text.replace("\\t", "\t").replace("\\n", "\n"))
        self._texts = parts[0::2]
        self._fields = [_parse(action) for action in parts[1::2]]
        if any("{{" in part or "}}" in part for part in self._texts):
            raise InvalidInput(f"the format '{text}' has a brace that is not closed", hint=_HINT)

    def fields(self) -> list[tuple[str, ...]]:
        """The path of each field, in order."""
        return [path for path, _as_json in self._fields]

    def apply(self, value: Mapping[str, Any]) -> str:
        """The text for one value. Raises `InvalidInput` for a field that it does not have."""
        pieces = [self._texts[0]]
        for (path, as_json), text in zip(self._fields, self._texts[1:], strict=True):
            found = _lookup(value, path)
            pieces += [json.dumps(found) if as_json else go_text(found), text]
        return "".join(pieces)

    def heading(self, headers: Mapping[str, str]) -> str:
        """The line above a table: the header of each field."""
        pieces = [self._texts[0]]
        for (path, _as_json), text in zip(self._fields, self._texts[1:], strict=True):
            pieces += [headers.get(path[-1] if path else "", ".".join(path).upper()), text]
        return "".join(pieces)


def go_text(value: object) -> str:
    """A value as Go prints it: `true`, `<no value>`, `[a b]`, `map[k:v]`; safe for a terminal."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{go_text(key)}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, (list, tuple)):
        return f"[{' '.join(go_text(item) for item in value)}]"
    return printable(str(value))


def _parse(action: str) -> tuple[tuple[str, ...], bool]:
    match = _EXPRESSION.fullmatch(action)
    if match is None:
        raise InvalidInput(f"the format cannot do '{{{{{action}}}}}'", hint=_HINT)
    return tuple(filter(None, match[2].split("."))), match[1] is not None


def _lookup(value: object, path: tuple[str, ...]) -> object:
    for depth, name in enumerate(path):
        if not isinstance(value, Mapping) or name not in value:
            known = ", ".join(sorted(map(str, value))) if isinstance(value, Mapping) else "none below it"
            raise InvalidInput(f"there is no field .{'.'.join(path[: depth + 1])}", hint=f"there are {known}")
        value = value[name]
    return value
