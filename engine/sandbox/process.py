"""`process` of the OCI runtime-spec: what an image says, combined with what the operator says, as Docker does it."""

import posixpath
from collections.abc import Iterable
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions, Ulimit
from engine.sandbox import capabilities, image_config
from engine.sandbox.limits import LIMITS, UNLIMITED
from engine.sandbox.program import DEFAULT_PATH

_LABELS: Final = {"apparmor": "apparmorProfile", "selinux": "selinuxLabel"}
OOM_SCORE: Final = 100
"""Added to the badness of a container's processes, so that the engine outlives them when memory runs out."""


def process(options: CreateOptions, config: dict[str, Any], hostname: str) -> dict[str, Any]:
    """The whole section. Raises `InvalidInput`."""
    granted = capability_names(options)
    return {
        "terminal": options.tty,
        "user": {"uid": 0, "gid": 0},
        "args": list(arguments(options, config)),
        "env": [f"{key}={value}" for key, value in environment(options, config, {"HOSTNAME": hostname}).items()],
        "cwd": working_directory(options.workdir, config),
        "capabilities": capability_sets(granted),
        "rlimits": rlimits(options.ulimits),
        "noNewPrivileges": no_new_privileges(options),
        "oomScoreAdj": OOM_SCORE,
        **{field: label for key, field in _LABELS.items() if (label := labels(options).get(key))},
    }


def no_new_privileges(options: CreateOptions) -> bool:
    """Whether set-user-id programs gain nothing; what is not said follows from what is."""
    return not options.privileged if options.no_new_privileges is None else options.no_new_privileges


def labels(options: CreateOptions) -> dict[str, str]:
    """The labels of its programs for AppArmor and SELinux, by these names; those alone that there are."""
    profile = "" if options.apparmor == "unconfined" else options.apparmor
    found = {"apparmor": profile, "selinux": options.selinux}
    return {key: _without_nul(label, "a label") for key, label in found.items() if label}


def arguments(options: CreateOptions, config: dict[str, Any]) -> tuple[str, ...]:
    """Entrypoint and command as one list. Raises `InvalidInput` where nothing is left to run.

    An entrypoint of the operator's own makes the image's Cmd meaningless, which was written for the other one.
    """
    image = image_config.read(config)
    if options.entrypoint is None:
        combined = (*image.entrypoint, *(options.command or image.cmd))
    else:
        combined = (*(word for word in options.entrypoint if word), *options.command)
    if not combined:
        raise InvalidInput(f"the image {options.image} names no program to run", hint="give one after the image's name")
    return tuple(_without_nul(word, "an argument") for word in combined)


def environment(options: CreateOptions, config: dict[str, Any], first: dict[str, str]) -> dict[str, str]:
    """PATH and `first`, then the image's, then the operator's. HOME follows the user, inside."""
    terminal = {"TERM": "xterm"} if options.tty else {}
    found = {"PATH": DEFAULT_PATH} | first | terminal
    return found | _pairs(image_config.read(config).env) | variables(options.env)


def variables(pairs: Iterable[str]) -> dict[str, str]:
    """KEY=VALUE entries of the operator's. Raises `InvalidInput`."""
    for pair in pairs:
        if not pair.partition("=")[0]:
            raise InvalidInput(f"the variable {pair!r} has no name", hint="such as -e KEY=VALUE")
    return _pairs(_without_nul(pair, "a variable") for pair in pairs)


def _pairs(entries: Iterable[str]) -> dict[str, str]:
    split = (entry.partition("=") for entry in entries)
    return {key: value for key, equals, value in split if key and equals}


def working_directory(wanted: str | None, config: dict[str, Any]) -> str:
    """Absolute and without dots: one relative to the image's is joined to it. Raises `InvalidInput`."""
    joined = posixpath.join("/", image_config.read(config).workdir, _without_nul(wanted or "", "the working directory"))
    return posixpath.normpath("/" + joined.lstrip("/"))


def user_of(wanted: str | None, groups: Iterable[str], config: dict[str, Any]) -> str:
    """The operator's user, else the image's, empty for root, and in lines of their own the groups besides."""
    named = [wanted or image_config.read(config).user, *groups]
    if any("\n" in name for name in named):
        raise InvalidInput("a user or group has a line break in its name", hint="such as --user 1000:1000")
    return _without_nul("\n".join(named), "the user")


def capability_names(options: CreateOptions) -> tuple[str, ...]:
    """What the container's root may do. Raises `InvalidInput`."""
    if options.privileged:
        return capabilities.NAMES
    return capabilities.combine(options.cap_add, options.cap_drop)


def capability_sets(granted: Iterable[str]) -> dict[str, list[str]]:
    """Nothing inheritable or ambient: a program of another user has none, unless its file says so."""
    names = list(granted)
    return {"bounding": names, "effective": names, "permitted": names}


def rlimits(ulimits: Iterable[Ulimit]) -> list[dict[str, Any]]:
    """`process.rlimits`. Raises `InvalidInput`."""
    return [_rlimit(wanted) for wanted in ulimits]


def _rlimit(wanted: Ulimit) -> dict[str, Any]:
    name = f"RLIMIT_{wanted.name.upper()}"
    if name not in LIMITS:
        known = ", ".join(sorted(limit.removeprefix("RLIMIT_").lower() for limit in LIMITS))
        raise InvalidInput(f"there is no limit {wanted.name!r}", hint=f"one of {known}")
    soft, hard = (UNLIMITED if value < 0 else value for value in (wanted.soft, wanted.hard))
    if soft > hard or hard > UNLIMITED:
        raise InvalidInput(f"the soft limit of {wanted.name} is above the hard one", hint="such as nofile=1024:2048")
    return {"type": name, "soft": soft, "hard": hard}


def _without_nul(text: str, what: str) -> str:
    if "\0" in text:
        raise InvalidInput(f"{what} contains a NUL byte, which cannot be passed to a program")
    return text
