"""`process` of the OCI runtime-spec, with what of `linux` concerns it, checked. Standard library only.

Source: OCI runtime-spec 1.2, config.md, "Process" and config-linux.md.
"""

from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.sandbox import capabilities, fields, labels, limits, personality, scheduling, seccomp, security, users
from engine.sandbox.limits import Rlimits
from engine.sandbox.personality import MemoryPolicy
from engine.sandbox.scheduling import Scheduler
from engine.sandbox.seccomp import Filter
from engine.sandbox.security import Sets
from engine.sandbox.users import User

UMASK: Final = 0o022
_ID_MAX: Final = 2**32 - 2
"""(uid_t)-1 means "unchanged" to the kernel."""
_OOM: Final = range(-1000, 1001)


class Process(NamedTuple):
    """A program, and what it may do."""

    arguments: list[str]
    environment: dict[str, str]
    cwd: str
    user: str | User
    """As it was asked for, or resolved already."""
    umask: int
    capabilities: Sets | None
    """None leaves those that there are."""
    no_new_privileges: bool
    rlimits: Rlimits
    size: tuple[int, int] | None = None
    """Rows and columns, where it has a terminal."""
    oom_score_adj: int | None = None
    apparmor: str = ""
    selinux: str = ""
    scheduler: Scheduler | None = None
    io_priority: tuple[int, int] | None = None
    """Class and priority."""
    initial_affinity: int | None = None
    """CPUs as a mask, for one that enters later, until it is in its cgroup."""
    final_affinity: int | None = None
    """CPUs as a mask, for one that enters later."""
    personality: int | None = None
    memory_policy: MemoryPolicy | None = None
    seccomp: Filter | None = None
    strict: bool = False
    """What cannot be done as it was asked for is an error, as in runc, and no warning."""
    warnings: tuple[str, ...] = ()
    """What was passed over."""

    @classmethod
    def of_spec(
        cls,
        process: dict[str, Any],
        annotations: dict[str, str],
        linux: dict[str, Any] | None = None,
        *,
        strict: bool = False,
        cache: str | None = None,
    ) -> "Process":
        """`process` of a spec, with `personality`, `memoryPolicy` and `seccomp` of `linux`.

        `cache` is a folder for compiled filters. In the parent, before the clone: it may load a library.
        Raises `InvalidInput`, and `MissingFeature` for a label that this kernel cannot apply.
        """
        linux = linux or {}
        wanted = fields.an_object(process, "capabilities")
        affinity = fields.an_object(process, "execCPUAffinity") or {}
        apparmor, selinux = fields.text(process, "apparmorProfile"), fields.text(process, "selinuxLabel")
        labels.check(apparmor, selinux)
        filtering = fields.an_object(linux, "seccomp")
        return cls(
            _arguments(process),
            environment(fields.a_list(process, "env")),
            _directory(process),
            annotations.get(users.USER_ANNOTATION, _user(fields.an_object(process, "user") or {})),
            _umask(fields.an_object(process, "user") or {}),
            None if wanted is None else security.parse_sets(_sets(wanted)),
            fields.boolean(process, "noNewPrivileges"),
            limits.parse(fields.objects(process, "rlimits")),
            _size(process),
            _oom(process),
            apparmor,
            selinux,
            scheduling.parse_scheduler(fields.an_object(process, "scheduler")),
            scheduling.parse_io_priority(fields.an_object(process, "ioPriority")),
            scheduling.parse_cpus(affinity.get("initial")),
            scheduling.parse_cpus(affinity.get("final")),
            personality.parse_personality(fields.an_object(linux, "personality")),
            personality.parse_memory_policy(fields.an_object(linux, "memoryPolicy")),
            None if filtering is None else seccomp.compile(filtering, cache),
            strict,
            _unknown(wanted or {}),
        )


def environment(pairs: list[Any]) -> dict[str, str]:
    """KEY=VALUE entries as a mapping; a later one wins, and has the later place. Raises `InvalidInput`."""
    found: dict[str, str] = {}
    for pair in pairs:
        if not fields.is_text(pair):
            raise InvalidInput(f"invalid environment variable: {pair!r} is no text that a program can be given")
        key, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput("invalid environment variable: missing '='", hint=f"it is {pair[:80]!r}")
        if not key:
            raise InvalidInput("invalid environment variable: name cannot be empty", hint=f"it is {pair[:80]!r}")
        found.pop(key, None)
        found[key] = value
    return found


def _arguments(process: dict[str, Any]) -> list[str]:
    arguments = fields.strings(process, "args")
    if not arguments:
        raise InvalidInput("args must not be empty", hint="process.args names the program")
    return arguments


def _directory(process: dict[str, Any]) -> str:
    path = fields.text(process, "cwd")
    if not path:
        raise InvalidInput("Cwd property must not be empty", hint="such as /")
    if not path.startswith("/"):
        raise InvalidInput("Cwd must be an absolute path", hint="such as /")
    return path


def _user(user: dict[str, Any]) -> User:
    """Groups in the order given; the kernel bounds their number."""
    groups = tuple(_id(value, "additionalGids") for value in fields.a_list(user, "additionalGids"))
    return User(_id(user.get("uid") or 0, "uid"), _id(user.get("gid") or 0, "gid"), groups, "")


def _id(value: Any, field: str) -> int:
    return fields.number(value, f"process.user.{field}", range(_ID_MAX + 1))


def _umask(user: dict[str, Any]) -> int:
    value = user.get("umask")
    return UMASK if value is None else fields.number(value, "process.user.umask", range(2**32)) & 0o777


def _size(process: dict[str, Any]) -> tuple[int, int] | None:
    """It counts only where there is a terminal."""
    size = fields.an_object(process, "consoleSize")
    if not size or not process.get("terminal"):
        return None
    height, width = (
        fields.number(size.get(field) or 0, f"consoleSize.{field}", range(2**32)) for field in ("height", "width")
    )
    return height, width


def _oom(process: dict[str, Any]) -> int | None:
    value = process.get("oomScoreAdj")
    return None if value is None else fields.number(value, "process.oomScoreAdj", _OOM)


def _sets(wanted: dict[str, Any]) -> dict[str, list[str]]:
    return {field: fields.strings(wanted, field) for field in Sets._fields}


def _unknown(wanted: dict[str, Any]) -> tuple[str, ...]:
    """One warning for all capabilities that there are not."""
    named = {name for field in Sets._fields for name in fields.strings(wanted, field)}
    unknown = sorted(named - set(capabilities.NAMES))
    return (f"ignoring unknown or unavailable capabilities: [{' '.join(unknown)}]",) if unknown else ()
