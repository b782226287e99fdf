"""A container: how it was asked for, what state it is in, and what is shown of it."""

import enum

from engine.model.limits import Limits
from engine.model.mount import Bind, Device, ImageMount, VolumeMount
from engine.model.network import Bandwidth, Endpoint, Joining, Port
from engine.model.value import Value


class Status(enum.StrEnum):
    """Docker's words for the state of a container."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    """It exited, and its restart policy waits to start it again."""
    EXITED = "exited"
    REMOVING = "removing"


NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.RUNNING, Status.EXITED, Status.REMOVING}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.RESTARTING, Status.EXITED}),
    Status.PAUSED: frozenset({Status.RUNNING, Status.RESTARTING, Status.EXITED}),
    Status.RESTARTING: frozenset({Status.RUNNING, Status.RESTARTING, Status.EXITED, Status.REMOVING}),
    Status.EXITED: frozenset({Status.RUNNING, Status.EXITED, Status.REMOVING}),
    Status.REMOVING: frozenset({Status.EXITED}),
}
"""Which state may follow which; nothing else decides. CREATED -> EXITED is a start that failed."""


class Ulimit(Value, frozen=True, kw_only=True):
    """An rlimit of the container's processes; -1 is unlimited."""

    name: str
    """Without prefix, in lower case: nofile, nproc, core ..."""
    soft: int
    hard: int


class RestartPolicy(Value, frozen=True, kw_only=True):
    """What happens when the program exits by itself."""

    name: str = "no"
    """no, on-failure, always or unless-stopped."""
    max_retries: int = 0
    """For on-failure: give up after so many; 0 is never."""


class CreateOptions(Value, frozen=True, kw_only=True):
    """Everything `qd create` and `qd run` can say of a container."""

    image: str
    command: tuple[str, ...] = ()
    """Replaces the image's Cmd where not empty."""
    entrypoint: tuple[str, ...] | None = None
    """None keeps the image's Entrypoint; an empty tuple clears it."""
    name: str | None = None
    """None: one is made up."""
    hostname: str | None = None
    env: tuple[str, ...] = ()
    """KEY=VALUE each, added to the image's."""
    workdir: str | None = None
    user: str | None = None
    """uid, name, uid:gid or name:group."""
    labels: dict[str, str] = {}
    tty: bool = False
    interactive: bool = False
    """Keep stdin open (-i)."""
    auto_remove: bool = False
    init: bool = False
    """A tiny init of ours is pid 1, reaps and forwards signals."""
    limits: Limits = Limits()
    groups: tuple[str, ...] = ()
    """Names or numbers of groups that the user has besides its own."""
    binds: tuple[Bind, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    images: tuple[ImageMount, ...] = ()
    volumes_from: tuple[str, ...] = ()
    """NAME or NAME:ro of containers whose binds and volumes it gets, too."""
    devices: tuple[Device, ...] = ()
    device_rules: tuple[str, ...] = ()
    """TYPE MAJOR:MINOR ACCESS each, such as "c 10:* rm"."""
    sysctls: dict[str, str] = {}
    shm_bytes: int | None = None
    """Size of /dev/shm; None is 64 MiB."""
    tmpfs: dict[str, str] = {}
    """Path inside -> mount options, such as size=64m,mode=1777."""
    read_only: bool = False
    ulimits: tuple[Ulimit, ...] = ()
    cap_add: tuple[str, ...] = ()
    """Names with or without CAP_, any case, or ALL."""
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    userns: str = ""
    """Empty or private: ids of its own; host: the host's; auto:size=N: so many of its own; container:ID: another's."""
    seccomp: str = ""
    """Empty: the default policy; unconfined: none; else a policy as JSON, in Docker's form or the OCI's."""
    no_new_privileges: bool | None = None
    """None: on, unless privileged."""
    apparmor: str = ""
    """A profile's name; empty is none."""
    selinux: str = ""
    """user:role:type:level; empty is none."""
    masked: tuple[str, ...] = ()
    """Paths inside that are hidden besides those of every container."""
    unmasked: tuple[str, ...] = ()
    """Patterns of paths that are neither hidden nor read-only; ALL is every one."""
    pid: str = ""
    """Of this and the next four: empty or private is one of its own, host the host's, container:ID another's."""
    ipc: str = ""
    """Also shareable, which is private, and none, which has no /dev/shm."""
    uts: str = ""
    cgroupns: str = ""
    network: str = "bridge"
    """none: a loopback of its own alone; host; container:ID; else the name of the first network that it is on."""
    joins: tuple[Joining, ...] = ()
    """Every network that it is on, where more is to be said than `network` does."""
    ports: tuple[Port, ...] = ()
    publish_all: bool = False
    """Publish each exposed port on a free one of the host."""
    expose: tuple[str, ...] = ()
    """PORT/PROTOCOL each, besides the image's."""
    dns: tuple[str, ...] = ()
    """Addresses of name servers; empty: the host's."""
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """NAME:ADDRESS each, for /etc/hosts; the address host-gateway is the host's."""
    bandwidth: Bandwidth = Bandwidth()
    restart: RestartPolicy = RestartPolicy()
    stop_signal: str | None = None
    """None is the image's, else SIGTERM."""
    stop_timeout_seconds: int | None = None
    """None is 10 seconds."""


class ExecOptions(Value, frozen=True, kw_only=True):
    """One more program in a running container."""

    command: tuple[str, ...]
    tty: bool = False
    interactive: bool = False
    detach: bool = False
    env: tuple[str, ...] = ()
    workdir: str | None = None
    user: str | None = None
    privileged: bool = False
    size: tuple[int, int] | None = None
    """Rows and columns of the terminal before the first byte."""


class ContainerState(Value, frozen=True, kw_only=True):
    """What is known of the present run, or of the last one. A claim: the kernel is the truth."""

    status: Status = Status.CREATED
    run: int = 0
    """1 for the first start, counting up; 0 was never started."""
    pid: int = 0
    """On the host; 0 when not running."""
    pid_start_ticks: int = 0
    """Field 22 of /proc/PID/stat: a pid counts only together with it and the boot id."""
    boot_id: str = ""
    started_ns: int = 0
    finished_ns: int = 0
    exit_code: int | None = None
    """128+n after signal n. None: never exited, or not known."""
    oom_killed: bool = False
    """The kernel killed a process of this run for the memory limit."""
    cause: str = ""
    """Why the last run ended, in words for a person; empty while none has."""
    error: str = ""
    """Why the last start failed; empty when it did not."""
    restarts: int = 0
    """Automatic restarts since the operator last started it."""
    restarts_in_row: int = 0
    """Those of them that did not help; the delay before the next grows with it."""
    restart_at_ns: int = 0
    """While restarting: when the next attempt is due."""
    stopped_by_user: bool = False


class Container(Value, frozen=True, kw_only=True):
    """One row of a list: options, state, and what follows from the image."""

    id: str
    """64 hex digits."""
    name: str
    image: str
    """As it was asked for."""
    image_id: str
    """sha256:... of the image's config."""
    command: tuple[str, ...]
    """Entrypoint and Cmd, as executed."""
    created_ns: int
    options: CreateOptions
    state: ContainerState
    ids: tuple[int, int] | None = None
    """First id of the host and number of ids of its user namespace; None without one."""
    endpoints: tuple[Endpoint, ...] = ()
    """Its place on each network, in the order of its interfaces."""
    ports: tuple[Port, ...] = ()
    """What is published, settled: the host's port is known."""
