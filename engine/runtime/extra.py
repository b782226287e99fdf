"""What one more program in a container is: the container's own process, and what the command line says differently.

Standard library only.
"""

from typing import Any, Final

from engine.cgroup.protocol import Placement
from engine.errors import InvalidInput
from engine.runtime import bundle, groups, nested
from engine.runtime.call import Call
from engine.runtime.store import State
from engine.sandbox import fields

_SETS: Final = ("bounding", "effective", "permitted", "inheritable", "ambient")
_ADDED_TO: Final = ("bounding", "effective", "permitted")
_OF_LINUX: Final = ("seccomp", "personality", "memoryPolicy")
_ID_MAX: Final = 2**32 - 2


def process(call: Call, spec: dict[str, Any]) -> dict[str, Any]:
    """`process` of the OCI runtime-spec. Raises `InvalidInput`."""
    if path := call.given.text("process"):
        return bundle.read(path)
    command = call.given.arguments[1:]
    if not command:
        raise InvalidInput("process args cannot be empty")
    found = dict(spec["process"])
    found |= {"args": command, "terminal": call.has("tty")}
    found["env"] = [*fields.strings(found, "env"), *call.given.many["env"]]
    found["noNewPrivileges"] = bool(found.get("noNewPrivileges")) or call.has("no-new-privs")
    found |= {
        field: value
        for field, option in (("cwd", "cwd"), ("apparmorProfile", "apparmor"), ("selinuxLabel", "process-label"))
        if (value := call.given.text(option))
    }
    found["user"] = _user(call, dict(fields.an_object(found, "user") or {}))
    if call.given.many["cap"]:
        found["capabilities"] = _capabilities(call.given.many["cap"], found)
    found.pop("consoleSize", None)
    return found


def _user(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    if text := call.given.text("user"):
        uid, colon, gid = text.partition(":")
        user["uid"] = _id(uid)
        if colon:
            user["gid"] = _id(gid)
    if call.given.many["additional-gids"]:
        extra = [_id(gid) for text in call.given.many["additional-gids"] for gid in text.split(",")]
        user["additionalGids"] = [*(user.get("additionalGids") or ()), *extra]
    return user


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:11]) <= _ID_MAX):
        raise InvalidInput(f"parsing {text!r} as int for uid failed", hint="numbers only: UID[:GID]")
    return int(text)


def _capabilities(added: list[str], found: dict[str, Any]) -> dict[str, list[str]]:
    """The new ones come to what the process may use; ambient ones only where they were inheritable already.

    Unknown ones are passed over later, with a warning.
    """
    present = fields.an_object(found, "capabilities") or {}
    names = [name.upper() for name in added]
    sets = {kind: fields.strings(present, kind) for kind in _SETS}
    for kind in _ADDED_TO:
        sets[kind] = list(dict.fromkeys([*sets[kind], *names]))
    if sets["inheritable"]:
        sets["ambient"] = list(dict.fromkeys([*sets["ambient"], *(n for n in names if n in sets["inheritable"])]))
    return sets


def linux(spec: dict[str, Any]) -> dict[str, Any]:
    """What of `linux` every program of a container is under."""
    return {key: spec["linux"][key] for key in _OF_LINUX if key in spec["linux"]}


def cgroup(call: Call, state: State) -> Placement:
    """The container's cgroup, or one below it for `--cgroup`. Raises `EngineError`."""
    wanted = call.given.many["cgroup"]
    if state.cgroup is None or not wanted:
        return groups.NOWHERE if state.cgroup is None else nested.beside_init(groups.place(state), state)
    place = groups.place(state)
    for text in wanted:
        controllers, colon, path = text.rpartition(":")
        place = nested.below(place, state.cgroup, path, controllers.split(",") if colon else [])
    return place
