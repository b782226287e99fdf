"""OCI `linux.resources` as writes into the files of v1 and v2. Pure but for `apply`.

A key that is absent changes nothing. Later issues add their keys here: hugepageLimits, rdma, unified.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from engine import errors
from engine.cgroup import convert, refusals, stats
from engine.cgroup.kernfs import Kernfs
from engine.cgroup.protocol import Setting

Exists = Callable[[str, str], bool]
"""Whether this cgroup has a file: (controller, file)."""

_RATES: Final = (
    ("throttleReadBpsDevice", "read_bps", "rbps", "device read rate"),
    ("throttleWriteBpsDevice", "write_bps", "wbps", "device write rate"),
    ("throttleReadIOPSDevice", "read_iops", "riops", "device read operations"),
    ("throttleWriteIOPSDevice", "write_iops", "wiops", "device write operations"),
)
_CPU_KEYS: Final = ("shares", "quota", "period")
_CPUSET_KEYS: Final = ("cpus", "mems")

_WAYS: Final = {
    "memory.memsw.limit_in_bytes": "swap is not counted: boot with swapaccount=1",
    "memory.swap.max": "swap is not counted: boot with swapaccount=1",
    "blkio.bfq.weight": "block devices have no weights: they need the BFQ scheduler (modprobe bfq)",
    "io.weight": "block devices have no weights: they need the BFQ scheduler or io.cost",
}


def wanted(resources: dict[str, Any]) -> set[str]:
    """The controllers that these resources need, in v1's words (v2 calls blkio io). Raises InvalidInput."""
    cpu = _section(resources, "cpu")
    found = {
        "memory": bool(_section(resources, "memory")),
        "pids": _section(resources, "pids").get("limit") is not None,
        "blkio": bool(_section(resources, "blockIO")),
        "cpu": any(cpu.get(key) for key in _CPU_KEYS),
        "cpuset": any(cpu.get(key) for key in _CPUSET_KEYS),
    }
    return {name for name, needed in found.items() if needed}


def for_v1(resources: dict[str, Any], exists: Exists) -> list[Setting]:
    """Writes for v1, in an order that suits a new cgroup. Raises InvalidInput."""
    return [
        *_v1_devices(resources.get("devices") or []),
        *_v1_memory(_section(resources, "memory")),
        *_v1_cpu(_section(resources, "cpu")),
        *_cpuset(_section(resources, "cpu")),
        *_pids(_section(resources, "pids")),
        *_v1_blkio(_section(resources, "blockIO"), exists),
    ]


def for_v2(resources: dict[str, Any], exists: Exists, now: Mapping[str, str]) -> list[Setting]:
    """Writes for v2; `now` has the texts of memory.max and cpu.max, of which only a part may be given.

    Devices: v2 has no files for them but an eBPF program on the cgroup, which issue 3 attaches in this place.
    """
    return [
        *_v2_memory(_section(resources, "memory"), now),
        *_v2_cpu(_section(resources, "cpu"), now),
        *_cpuset(_section(resources, "cpu")),
        *_pids(_section(resources, "pids")),
        *_v2_io(_section(resources, "blockIO"), exists),
    ]


def divide(settings: Iterable[Setting], exists: Exists) -> tuple[list[Setting], list[str]]:
    """Those that can be written, and a sentence on each that cannot."""
    usable: list[Setting] = []
    ignored: list[str] = []
    for setting in settings:
        if exists(setting.controller, setting.file):
            usable.append(setting)
        else:
            way = _WAYS.get(setting.file, f"the kernel has no {setting.file}")
            ignored.append(f"the {setting.what} is ignored: {way}")
    return usable, ignored


def apply(fs: Kernfs, folder: str, setting: Setting) -> None:
    """Write one setting. Raises InvalidInput, Conflict or SetupFailed."""
    try:
        fs.write(f"{folder}/{setting.file}", setting.value)
    except OSError as err:
        raise refusals.of_setting(setting, err) from err


def _section(resources: dict[str, Any], name: str) -> dict[str, Any]:
    section = resources.get(name) or {}
    if not isinstance(section, dict):
        raise errors.InvalidInput(f"resources.{name} is not an object")
    return section


def _v1_devices(rules: list[dict[str, Any]]) -> list[Setting]:
    """The first rule is "deny all" by custom; each rule is one write."""
    return [
        Setting("devices", f"devices.{'allow' if rule.get('allow') else 'deny'}", _device(rule), "device rule")
        for rule in rules
    ]


def _device(rule: dict[str, Any]) -> str:
    """`type major:minor access`; `a` alone is everything, and the kernel takes no numbers with it.

    Source: Documentation/admin-guide/cgroup-v1/devices.rst.
    """
    kind = rule.get("type", "a")
    if kind == "a":
        return "a"
    numbers = ("*" if (number := rule.get(key)) is None or number < 0 else str(number) for key in ("major", "minor"))
    return f"{kind} {':'.join(numbers)} {rule.get('access', 'rwm')}"


def _v1_memory(memory: dict[str, Any]) -> list[Setting]:
    limit, swap = memory.get("limit"), memory.get("swap")
    if limit == -1 and swap is None:
        swap = -1  # an unlimited memory cannot have a limit on memory and swap together
    found = [
        ("memory.limit_in_bytes", limit, "memory limit"),
        ("memory.memsw.limit_in_bytes", swap, "limit of memory and swap"),
        ("memory.soft_limit_in_bytes", memory.get("reservation"), "memory reservation"),
    ]
    return [Setting("memory", file, str(value), what) for file, value, what in found if value is not None]


def _v1_cpu(cpu: dict[str, Any]) -> list[Setting]:
    shares = _shares(cpu)
    found = [
        ("cpu.shares", shares, "CPU shares"),
        ("cpu.cfs_period_us", cpu.get("period") or None, "CPU period"),
        ("cpu.cfs_quota_us", cpu.get("quota") or None, "CPU quota"),
    ]
    return [Setting("cpu", file, str(value), what) for file, value, what in found if value is not None]


def _shares(cpu: dict[str, Any]) -> int | None:
    """CPU shares, checked here because the kernel clamps them without a word; 0 is "not set"."""
    shares = cpu.get("shares") or None
    if shares is not None and not convert.SHARES_MIN <= shares <= convert.SHARES_MAX:
        raise errors.InvalidInput(
            f"CPU shares of {shares} are out of range",
            hint=f"from {convert.SHARES_MIN} to {convert.SHARES_MAX}; 1024 is the default",
        )
    return shares


def _cpuset(cpu: dict[str, Any]) -> list[Setting]:
    found = [("cpuset.cpus", cpu.get("cpus"), "list of CPUs"), ("cpuset.mems", cpu.get("mems"), "list of memory nodes")]
    return [Setting("cpuset", file, str(value), what) for file, value, what in found if value]


def _pids(pids: dict[str, Any]) -> list[Setting]:
    limit = pids.get("limit")
    if limit is None:
        return []
    return [Setting("pids", "pids.max", convert.limit_text(limit or -1), "limit of processes")]


def _v1_blkio(block: dict[str, Any], exists: Exists) -> list[Setting]:
    """Before 5.0 the weight was CFQ's `blkio.weight`; since then it is BFQ's."""
    found: list[Setting] = []
    if weight := block.get("weight"):
        file = "blkio.weight" if exists("blkio", "blkio.weight") else "blkio.bfq.weight"
        found.append(Setting("blkio", file, str(weight), "block I/O weight"))
    for key, suffix, _v2, what in _RATES:
        for rate in block.get(key) or ():
            value = f"{rate['major']}:{rate['minor']} {rate['rate']}"
            found.append(Setting("blkio", f"blkio.throttle.{suffix}_device", value, what))
    return found


def _v2_memory(memory: dict[str, Any], now: Mapping[str, str]) -> list[Setting]:
    limit, swap = memory.get("limit"), memory.get("swap")
    if limit == -1 and swap is None:
        swap = -1  # as on v1, where it cannot be otherwise
    found = [
        ("memory.max", limit, "memory limit"),
        ("memory.swap.max", None if swap is None else _swap(swap, limit, now), "swap limit"),
        ("memory.low", memory.get("reservation"), "memory reservation"),
    ]
    return [
        Setting("memory", file, convert.limit_text(value), what) for file, value, what in found if value is not None
    ]


def _swap(memsw: int, limit: int | None, now: Mapping[str, str]) -> int:
    if limit is None:
        in_force = stats.number(now.get("memory.max", "max"))
        limit = -1 if in_force is None else in_force
    try:
        return convert.swap_from_memsw(memsw, limit)
    except ValueError as err:
        raise errors.InvalidInput(str(err), hint="--memory-swap counts both; -1 is unlimited swap") from err


def _v2_cpu(cpu: dict[str, Any], now: Mapping[str, str]) -> list[Setting]:
    found: list[Setting] = []
    if (shares := _shares(cpu)) is not None:
        found.append(Setting("cpu", "cpu.weight", str(convert.weight_from_shares(shares)), "CPU weight"))
    quota, period = cpu.get("quota") or None, cpu.get("period") or None
    if quota is not None or period is not None:
        # The file is "quota period"; a write without the period keeps it, but none can be without the quota.
        first = now.get("cpu.max", "max").split()[0] if quota is None else convert.limit_text(quota)
        found.append(Setting("cpu", "cpu.max", first if period is None else f"{first} {period}", "CPU quota"))
    return found


def _v2_io(block: dict[str, Any], exists: Exists) -> list[Setting]:
    found: list[Setting] = []
    if weight := block.get("weight"):
        # BFQ's file has v1's range; io.weight (io.cost) has one of its own.
        if exists("io", "io.bfq.weight"):
            found.append(Setting("io", "io.bfq.weight", str(weight), "block I/O weight"))
        else:
            value = f"default {convert.io_weight_from_blkio(weight)}"
            found.append(Setting("io", "io.weight", value, "block I/O weight"))
    for key, _v1, word, what in _RATES:
        for rate in block.get(key) or ():
            value = f"{rate['major']}:{rate['minor']} {word}={rate['rate'] or 'max'}"
            found.append(Setting("io", "io.max", value, what))
    return found
