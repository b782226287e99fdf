"""Seccomp policies in Docker's form, whose rules depend on what a container may do, as `linux.seccomp`.

Source: profiles/seccomp/seccomp_linux.go of github.com/moby/moby; "Seccomp security profiles" of Docker's manual.
Pure but for the version of the kernel; standard library only.
"""

import functools
import json
import os
from collections.abc import Collection, Iterable
from typing import Any, Final

from engine.errors import InvalidInput
from engine.sandbox import fields, seccomp_calls, seccomp_names

FILE_MAX: Final = 1 << 20
"""Bytes of a policy; Docker's own has 17 thousand."""
_ARCHES: Final = {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "armv7l": "arm"}
"""uname(2)'s word for a machine and that of the files, where they differ."""
_COPIED: Final = ("defaultAction", "defaultErrnoRet", "flags", "listenerPath", "listenerMetadata")
_OF_A_CALL: Final = ("action", "errnoRet", "args")


def default(capabilities: Iterable[str], arch: str = "") -> dict[str, Any]:
    """The policy of a container that asks for none.

    `capabilities` is its bounding set, `arch` a machine of uname(2), empty for this one.
    """
    return _default(frozenset(capabilities), arch or os.uname().machine)


@functools.cache
def _default(capabilities: frozenset[str], machine: str) -> dict[str, Any]:
    """Picked once for a set of capabilities, which takes longer than to write it down; nobody changes it."""
    return _select(seccomp_calls.document(), capabilities, machine)


def from_docker_json(text: str | bytes, capabilities: Iterable[str], arch: str = "") -> dict[str, Any] | None:
    """A file such as `docker run --security-opt seccomp=FILE` takes; None for one that filters nothing.

    Raises `InvalidInput`.
    """
    if len(text) > FILE_MAX:
        raise InvalidInput(f"the seccomp profile has more than {FILE_MAX} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise InvalidInput(f"decoding the seccomp profile failed: {err}") from err
    if not isinstance(document, dict):
        raise InvalidInput("decoding the seccomp profile failed: it is not an object")
    if not document.get("defaultAction") and not document.get("syscalls"):
        return None
    return _select(document, frozenset(capabilities), arch or os.uname().machine)


def _select(document: dict[str, Any], capabilities: frozenset[str], machine: str) -> dict[str, Any]:
    """The rules that count here and for this container."""
    section = {name: document[name] for name in _COPIED if document.get(name) is not None}
    section["architectures"] = _architectures(document, machine)
    calls = fields.objects(document, "syscalls")
    section["syscalls"] = [_call(call) for call in calls if _counts(call, capabilities, machine)]
    return section


def _architectures(document: dict[str, Any], machine: str) -> list[str]:
    listed, mapped = fields.strings(document, "architectures"), fields.objects(document, "archMap")
    if listed and mapped:
        raise InvalidInput("both 'architectures' and 'archMap' are specified in the seccomp profile", hint="use either")
    own = seccomp_names.NATIVE.get(machine)
    for entry in mapped:
        if entry.get("architecture") == own:
            return [str(own), *fields.strings(entry, "subArchitectures")]
    return list(listed)


def _call(call: dict[str, Any]) -> dict[str, Any]:
    name, names = fields.text(call, "name"), fields.strings(call, "names")
    if name and names:
        raise InvalidInput("both 'name' and 'names' are specified in the seccomp profile", hint="use either")
    return {"names": names or [name], **{field: call[field] for field in _OF_A_CALL if call.get(field) is not None}}


def _counts(call: dict[str, Any], capabilities: frozenset[str], machine: str) -> bool:
    """All of `includes` and nothing of `excludes`."""
    includes, excludes = (fields.an_object(call, field) or {} for field in ("includes", "excludes"))
    return all(_answers(includes, capabilities, machine, all)) and not any(
        _answers(excludes, capabilities, machine, any)
    )


def _answers(conditions: dict[str, Any], capabilities: frozenset[str], machine: str, of: Any) -> list[bool]:
    """Whether each condition that is there holds; `of` several capabilities all must be there, or any."""
    found = []
    if arches := fields.strings(conditions, "arches"):
        found.append(_ARCHES.get(machine, machine) in arches)
    if wanted := fields.strings(conditions, "caps"):
        found.append(bool(of(name in capabilities for name in wanted)))
    if version := fields.text(conditions, "minKernel"):
        found.append(_version(os.uname().release) >= _version(version))
    return found


def _version(text: str) -> tuple[int, ...]:
    """Major and minor of a kernel, whatever follows them. Raises `InvalidInput`."""
    numbers: Collection[str] = text.split(".")[:2]
    digits = [number[: len(number) - len(number.lstrip("0123456789"))] for number in numbers]
    if len(digits) < 2 or not all(digit.isascii() and 0 < len(digit) < 7 for digit in digits):
        raise InvalidInput(f"{text!r} is not the version of a kernel", hint="such as 4.8")
    return tuple(int(digit) for digit in digits)
