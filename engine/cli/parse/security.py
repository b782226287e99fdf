"""`--security-opt`, in Docker's words and podman's."""

from collections.abc import Iterable
from typing import Any, Final

from engine.cli.parse.environment import read_text
from engine.errors import InvalidInput

_HINT: Final = (
    "seccomp=FILE|unconfined|builtin, apparmor=PROFILE, label=KEY:VALUE, no-new-privileges[=false], mask=PATH[:PATH], "
    "unmask=ALL|PATH[:PATH], systempaths=unconfined"
)
_LABEL: Final = {"user": "system_u", "role": "system_r", "type": "container_t", "level": "s0"}
"""Of a container, where the operator says nothing of a part. Source: container-selinux."""


def parse_security(texts: Iterable[str]) -> dict[str, Any]:
    """The fields of `CreateOptions` that options name; a file is read here, on the client's side.

    Raises `InvalidInput`.
    """
    found: dict[str, Any] = {}
    label: dict[str, str] = {}
    for text in texts:
        key, value = _split(text)
        if key == "label":
            label |= _label_part(text, value)
        elif key in ("mask", "unmask"):
            field = f"{key}ed"
            found[field] = (*found.get(field, ()), *filter(None, value.split(":")))
        else:
            found |= _one(text, key, value)
    if label and "disable" not in label:
        found["selinux"] = ":".join((_LABEL | label)[part] for part in _LABEL)
    return found


def _split(text: str) -> tuple[str, str]:
    """Docker takes a colon for the equals sign as well."""
    key, equals, value = text.partition("=")
    if not equals or ":" in key:
        key, _, value = text.partition(":")
    return key, value


def _one(text: str, key: str, value: str) -> dict[str, Any]:
    match key, value:
        case "no-new-privileges", "" | "true" | "false":
            return {"no_new_privileges": value != "false"}
        case "systempaths", "unconfined":
            return {"unmasked": ("ALL",)}
        case "seccomp", _ if value:
            return {"seccomp": _policy(value)}
        case "apparmor", _ if value:
            return {"apparmor": value}
    raise InvalidInput(f"the security option {text!r} is not known", hint=_HINT)


def _policy(value: str) -> str:
    if value == "builtin":
        return ""
    return value if value == "unconfined" else read_text(value)


def _label_part(text: str, value: str) -> dict[str, str]:
    part, colon, word = value.partition(":")
    if value == "disable" or (part in _LABEL and colon and word):
        return {part: word}
    raise InvalidInput(f"the label of {text!r} is none", hint=f"label=disable, or one of {', '.join(_LABEL)}:VALUE")
