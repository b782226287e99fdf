"""The OCI runtime-spec of a container, from an image's config and the operator's options.

The spec is the contract between the halves of the engine: everything below executes it and knows no images.
Source: OCI runtime-spec 1.2, config.md and config-linux.md.
"""

from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions, ExecOptions
from engine.sandbox import capabilities, devices, hidden, mounts, process, seccomp_profile, sharing, sysctl
from engine.sandbox.process import arguments
from engine.sandbox.resources import resources
from engine.sandbox.stored import NOTHING, Stored
from engine.sandbox.users import USER_ANNOTATION

__all__ = ["arguments", "build", "enter_order"]

VERSION: Final = "1.2.0"
HOSTNAME_MAX: Final = 64
"""Source: sethostname(2)."""
PING: Final = "net.ipv4.ping_group_range"
SYSCTLS: Final = {"net.ipv4.ip_unprivileged_port_start": "0", PING: "0 2147483647"}
"""In a network of its own every user may listen on port 80, and ping: CAP_NET_RAW is not needed for it."""


def build(
    container_id: str,
    options: CreateOptions,
    config: dict[str, Any],
    *,
    hostname: str,
    files: dict[str, str],
    cgroups_path: str,
    ids: tuple[int, int] | None = None,
    shared: dict[str, str] | None = None,
    stored: Stored = NOTHING,
) -> dict[str, Any]:
    """The spec as a plain object. Raises `InvalidInput` for whatever is wrong with the options.

    `config` is the OCI image config, whole; `files` are hosts, hostname and resolv.conf -> their paths on the host;
    `ids` are the first id of the host and the number of ids of its user namespace, None without one; `shared` are
    type -> path of the namespaces that are another container's; `stored` is where volumes and images are.
    """
    sharing.check(options)
    if not hostname or len(hostname) > HOSTNAME_MAX or "\0" in hostname:
        raise InvalidInput(f"the host name {hostname!r} is not valid", hint=f"1 to {HOSTNAME_MAX} characters")
    user = process.user_of(options.user, options.groups, config)
    return {
        "ociVersion": VERSION,
        "process": process.process(options, config, hostname),
        "root": {"path": "rootfs", "readonly": options.read_only},
        **({"hostname": hostname} if sharing.is_own(options, "uts") else {}),
        "mounts": mounts.mounts(options, files, mapped=ids is not None, stored=stored),
        "linux": _linux(options, cgroups_path, ids, shared or {}),
        "annotations": {"org.quarterdeck.id": container_id, USER_ANNOTATION: user},
    }


def _linux(
    options: CreateOptions, cgroups_path: str, ids: tuple[int, int] | None, shared: dict[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "namespaces": sharing.namespaces(options, shared, mapped=ids is not None),
        "cgroupsPath": cgroups_path,
        "resources": resources(options.limits)
        | {"devices": devices.rules(options.privileged) + devices.rules_of(options)},
        "sysctl": _sysctls(options, ids),
    }
    _check_sysctls(options, found["sysctl"])
    if ids is not None and "user" not in shared:
        mapping = {"containerID": 0, "hostID": ids[0], "size": ids[1]}
        found |= {"uidMappings": [mapping], "gidMappings": [mapping]}
    if (policy := seccomp(options)) is not None:
        found["seccomp"] = policy
    if ids is None:
        found["devices"] = [*(devices.of_host() if options.privileged else []), *devices.nodes(options.devices)]
    return found | hidden.paths(options)


def _sysctls(options: CreateOptions, ids: tuple[int, int] | None) -> dict[str, str]:
    """The pings of a user namespace end with its ids: the kernel takes no others."""
    own = dict(SYSCTLS) if sharing.is_own(options, "network") else {}
    if ids is not None and PING in own:
        own[PING] = f"0 {ids[1] - 1}"
    return own | options.sysctls


def _check_sysctls(options: CreateOptions, sysctls: dict[str, str]) -> None:
    """Now, and not at the start. Raises `InvalidInput`."""
    try:
        sysctl.steps({"sysctl": sysctls, "namespaces": sharing.namespaces(options, {}, mapped=False)})
    except InvalidInput as err:
        hint = "net.*, fs.mqueue.*, kernel.shm*, kernel.msg* and kernel.sem, each in a namespace of its own"
        raise InvalidInput(err.message, hint=hint) from err


def seccomp(options: CreateOptions) -> dict[str, Any] | None:
    """`linux.seccomp` for what the operator says, None for no filter. Raises `InvalidInput`."""
    if options.seccomp == "unconfined" or (options.privileged and not options.seccomp):
        return None
    granted = process.capability_names(options)
    if not options.seccomp:
        return seccomp_profile.default(granted)
    return seccomp_profile.from_docker_json(options.seccomp, granted)


def enter_order(options: CreateOptions, config: dict[str, Any], wanted: ExecOptions, *, pid: int) -> dict[str, Any]:
    """The fields of `enter.EnterOrder`, but for the cgroups, for one more program in a container.

    It gets what the container's own program got, and what `wanted` says differently. Raises `InvalidInput`.
    """
    if not wanted.command:
        raise InvalidInput("no program to execute", hint="name one after the container")
    terminal = {"TERM": "xterm"} if wanted.tty else {}
    environment = process.environment(options, config, terminal) | process.variables(wanted.env)
    granted = capabilities.NAMES if wanted.privileged else process.capability_names(options)
    return {
        "pid": pid,
        "args": list(wanted.command),
        "env": [f"{key}={value}" for key, value in environment.items()],
        "cwd": process.working_directory(wanted.workdir or options.workdir, config),
        "user": process.user_of(wanted.user or options.user, options.groups, config),
        "capabilities": process.capability_sets(granted),
        "no_new_privileges": process.no_new_privileges(options) and not wanted.privileged,
        **({} if wanted.privileged else process.labels(options)),
        "terminal": wanted.tty,
        "size": list(wanted.size) if wanted.size else None,
        "rlimits": process.rlimits(options.ulimits),
        "oom_score_adj": process.OOM_SCORE,
        "seccomp": None if wanted.privileged else seccomp(options),
    }
