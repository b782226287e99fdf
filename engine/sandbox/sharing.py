"""Which namespaces a container has for itself, which are the host's, and which are those of another container."""

from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions

FIELDS: Final = {"pid": "pid", "ipc": "ipc", "uts": "uts", "network": "network", "cgroup": "cgroupns"}
"""Type of a namespace -> the field of `CreateOptions` that says of it."""
_OWN: Final = {"ipc": ("", "private", "shareable", "none")}
"""Words for one of its own, where they are not those of the others."""
_USUAL: Final = ("", "private")
CONTAINER: Final = "container:"


def mode(options: CreateOptions, kind: str) -> str:
    """What the operator says of one type: empty for one of its own, host, or container:ID. Raises `InvalidInput`."""
    field = FIELDS[kind]
    word = str(getattr(options, field))
    own = _OWN.get(kind, _USUAL)
    if word in own or (kind == "network" and word != "host" and not word.startswith(CONTAINER)):
        return ""  # the names of networks are the operator's
    if word == "host" or word.removeprefix(CONTAINER) not in (word, ""):
        return word
    known = ", ".join([*filter(None, own), "host", "container:NAME"])
    raise InvalidInput(f"--{field} {word!r} is not known", hint=f"one of {known}")


def neighbours(options: CreateOptions) -> dict[str, str]:
    """Type -> the container whose namespace it is. Raises `InvalidInput`."""
    found = {kind: mode(options, kind) for kind in FIELDS} | {"user": options.userns}
    return {kind: word.removeprefix(CONTAINER) for kind, word in found.items() if word.startswith(CONTAINER)}


def of_host(options: CreateOptions) -> frozenset[str]:
    """The types that are the host's. Raises `InvalidInput`."""
    return frozenset(kind for kind in FIELDS if mode(options, kind) == "host")


def is_own(options: CreateOptions, kind: str) -> bool:
    """Whether the container makes this one for itself."""
    return not mode(options, kind)


def check(options: CreateOptions) -> None:
    """Raises `InvalidInput` for words that are none, and for a host name where it would be another's."""
    neighbours(options)
    if options.hostname and not is_own(options, "uts"):
        raise InvalidInput(
            "--hostname needs a host name of its own", hint=f"leave out --hostname or --uts {options.uts}"
        )


def namespaces(options: CreateOptions, shared: dict[str, str], *, mapped: bool) -> list[dict[str, Any]]:
    """`linux.namespaces`. `shared` are type -> path of those that are another container's."""
    host = of_host(options)
    kinds = [*(["user"] if mapped else []), "pid", "mount", "ipc", "uts", "network", "cgroup"]
    wanted = [kind for kind in kinds if kind not in host]
    return [{"type": kind, "path": shared[kind]} if kind in shared else {"type": kind} for kind in wanted]
