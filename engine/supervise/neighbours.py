"""Containers whose namespaces other containers are in: `--pid container:NAME` and its like."""

from typing import Final

import msgspec

from engine import model
from engine.errors import Conflict, InvalidInput
from engine.kernel import proc
from engine.sandbox import sharing
from engine.supervise.registry import Live, Registry

_FILES: Final = {"network": "net"}
"""Names of /proc/PID/ns that differ from the spec's."""
_INHERITING: Final = ("", "auto")


def settled(options: model.CreateOptions, registry: Registry) -> model.CreateOptions:
    """The options with ids for names, so that a renamed container is still found, and with the user namespace that the
    others belong to. Raises `InvalidInput`, `NotFound`."""
    sharing.check(options)
    found = {kind: registry.find(name) for kind, name in sharing.neighbours(options).items()}
    for kind, live in found.items():
        _check_shareable(kind, live)
    words = {_field(kind): f"{sharing.CONTAINER}{live.id}" for kind, live in found.items()}
    if "user" not in found and options.userns in _INHERITING and not options.privileged:
        words |= _inherited(found, options)
    return msgspec.structs.replace(options, **words)


def _field(kind: str) -> str:
    return "userns" if kind == "user" else sharing.FIELDS[kind]


def _check_shareable(kind: str, live: Live) -> None:
    field = _field(kind)
    if kind == "ipc" and live.options.ipc in ("private", "none"):
        raise InvalidInput(
            f"the ipc namespace of {live.name} is its own alone", hint=f"create {live.name} with --ipc shareable"
        )
    if kind != "user" and not sharing.is_own(live.options, kind):
        raise InvalidInput(
            f"container {live.name} has no {kind} namespace of its own",
            hint=f"give both the same: --{field} {getattr(live.options, field)}",
        )


def _inherited(found: dict[str, Live], options: model.CreateOptions) -> dict[str, str]:
    """A namespace belongs to the user namespace in which it was made, and only from there it can be used in full."""
    owners = {_owner(live): live for live in found.values()}
    if len(owners) > 1:
        names = " and ".join(sorted(live.name for live in owners.values()))
        raise InvalidInput(
            f"the containers {names} have different user namespaces, and one container can be in one alone",
            hint="share those of one container, or the host's user ids: --userns host",
        )
    for live in owners.values():
        return {"userns": f"{sharing.CONTAINER}{live.id}" if live.container.ids else "host"}
    return {"userns": options.userns}


def _owner(live: Live) -> str:
    """The container whose user namespace it is in; empty for the host's."""
    if live.container.ids is None:
        return ""
    word = live.options.userns
    return word.removeprefix(sharing.CONTAINER) if word.startswith(sharing.CONTAINER) else live.id


def ids_of(options: model.CreateOptions, registry: Registry) -> tuple[int, int] | None:
    """The ids of the container whose user namespace it is. Raises `NotFound`."""
    return registry.find(options.userns.removeprefix(sharing.CONTAINER)).container.ids


def paths(options: model.CreateOptions, registry: Registry) -> dict[str, str]:
    """Type -> path of each namespace that is another's. Raises `Conflict` where that does not run, `NotFound`."""
    found = {}
    for kind, name in sharing.neighbours(options).items():
        live = registry.find(name)
        state = live.state
        if not live.active or not proc.is_same_process(state.pid, state.pid_start_ticks):
            raise Conflict(
                f"container {live.name}, whose {kind} namespace this one is to be in, is not running",
                hint=f"start it first: qd start {live.name}",
            )
        if kind != "user" or live.container.ids is not None:
            found[kind] = f"/proc/{state.pid}/ns/{_FILES.get(kind, kind)}"
    return found
