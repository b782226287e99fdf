"""OCI `linux.resources` as writes into the files of cgroup v1, in an order that suits a new cgroup. Pure.

0 is "not set" for what runc has so: memory, shares, quota, period, weights. Kernel memory is ignored by every runtime
since the kernel deprecated it (5.4), TCP's too.
Source: Documentation/admin-guide/cgroup-v1/.
"""

from collections.abc import Iterator
from typing import Any, Final

from engine.cgroup import convert, fields, rules
from engine.cgroup.protocol import Exists, Setting
from engine.errors import InvalidInput

RATES: Final = (
    ("throttleReadBpsDevice", "read_bps", "rbps", "device read rate"),
    ("throttleWriteBpsDevice", "write_bps", "wbps", "device write rate"),
    ("throttleReadIOPSDevice", "read_iops", "riops", "device read operations"),
    ("throttleWriteIOPSDevice", "write_iops", "wiops", "device write operations"),
)
RETRIED: Final = ("cpu.cfs_period_us", "cpu.cfs_burst_us", "cpu.rt_period_us", "cpu.max.burst")
"""Refused (EINVAL) while they do not fit the old quota or runtime, so tried again after the new one."""


def plan(resources: dict[str, Any], exists: Exists) -> list[Setting]:
    """The writes. Raises InvalidInput."""
    cpu = fields.section(resources, "cpu")
    return [
        *_devices(fields.items(resources, "devices")),
        *_memory(fields.section(resources, "memory")),
        *_cpu(cpu),
        *cpuset(cpu),
        *pids(fields.section(resources, "pids")),
        *_blkio(fields.section(resources, "blockIO"), exists),
        *hugetlb(resources, exists, "limit_in_bytes"),
        *_network(fields.section(resources, "network")),
        *rdma(fields.section(resources, "rdma")),
    ]


def _devices(given: list[dict[str, Any]]) -> list[Setting]:
    """Each rule is one write; where there are any, what none allows is denied."""
    found = rules.parse(given)
    if found and not found[0].is_all:
        found = [rules.DENY_ALL, *found]
    return [
        Setting("devices", f"devices.{'allow' if rule.allow else 'deny'}", rule.text(), "device rule") for rule in found
    ]


def _memory(memory: dict[str, Any]) -> Iterator[Setting]:
    limit, swap = fields.number(memory, "limit") or None, fields.number(memory, "swap") or None
    if limit == -1 and swap is None:
        swap = -1  # an unlimited memory cannot have a limit on memory and swap together
    found = [
        ("memory.limit_in_bytes", limit, "memory limit"),
        ("memory.memsw.limit_in_bytes", swap, "limit of memory and swap"),
        ("memory.soft_limit_in_bytes", fields.number(memory, "reservation") or None, "memory reservation"),
        ("memory.oom_control", 1 if memory.get("disableOOMKiller") is True else None, "OOM killer"),
        ("memory.swappiness", _swappiness(memory), "swappiness"),
    ]
    yield from _settings("memory", found)


def _swappiness(memory: dict[str, Any]) -> int | None:
    """-1 is "as it is"."""
    value = fields.number(memory, "swappiness")
    if value is None or value in (-1, (1 << 64) - 1):
        return None
    if not 0 <= value <= 100:
        raise InvalidInput(f"invalid memory swappiness value: {value} (valid range is 0-100)")
    return value


def _cpu(cpu: dict[str, Any]) -> Iterator[Setting]:
    found = [
        ("cpu.shares", shares(cpu), "CPU shares"),
        ("cpu.cfs_period_us", fields.number(cpu, "period") or None, "CPU period"),
        ("cpu.cfs_burst_us", fields.number(cpu, "burst"), "CPU burst"),
        ("cpu.cfs_quota_us", fields.number(cpu, "quota") or None, "CPU quota"),
        ("cpu.rt_period_us", fields.number(cpu, "realtimePeriod") or None, "realtime period"),
        ("cpu.rt_runtime_us", fields.number(cpu, "realtimeRuntime") or None, "realtime runtime"),
        ("cpu.idle", fields.number(cpu, "idle"), "idle scheduling"),
    ]
    yield from _settings("cpu", found)


def _settings(controller: str, found: list[tuple[str, int | None, str]]) -> Iterator[Setting]:
    return (Setting(controller, file, str(value), what) for file, value, what in found if value is not None)


def shares(cpu: dict[str, Any]) -> int | None:
    """CPU shares, checked here because the kernel clamps them without a word; 0 is "not set"."""
    value = fields.number(cpu, "shares") or None
    if value is None or convert.SHARES_MIN <= value <= convert.SHARES_MAX:
        return value
    bound = f"the minimum allowed cpu-shares is {convert.SHARES_MIN}"
    if value > convert.SHARES_MAX:
        bound = f"the maximum allowed cpu-shares is {convert.SHARES_MAX}"
    raise InvalidInput(f"CPU shares of {value} are out of range: {bound}", hint="1024 is the default")


def cpuset(cpu: dict[str, Any]) -> Iterator[Setting]:
    """The same files in both versions."""
    for key, what in (("cpus", "list of CPUs"), ("mems", "list of memory nodes")):
        if value := fields.text(cpu, key):
            yield Setting("cpuset", f"cpuset.{key}", value, what)


def pids(found: dict[str, Any]) -> Iterator[Setting]:
    """The same file in both versions; 0 and below are no limit."""
    limit = fields.number(found, "limit")
    if limit is not None:
        yield Setting("pids", "pids.max", convert.limit_text(limit or -1), "limit of processes")


def _blkio(block: dict[str, Any], exists: Exists) -> Iterator[Setting]:
    """Before 5.0 the weights were CFQ's `blkio.weight`; since then they are BFQ's, which has none for leaves."""
    prefix = "blkio." if exists("blkio", "blkio.weight") else "blkio.bfq."
    named = (("weight", f"{prefix}weight"), ("leafWeight", "blkio.leaf_weight"))
    for key, file in named:
        if weight := fields.number(block, key):
            yield Setting("blkio", file, str(weight), "block I/O weight")
    for entry in fields.items(block, "weightDevice"):
        for key, file in named:
            if weight := fields.number(entry, key):
                yield Setting("blkio", f"{file}_device", f"{fields.device(entry)} {weight}", "block I/O weight")
    for key, suffix, _v2, what in RATES:
        for entry in fields.items(block, key):
            value = f"{fields.device(entry)} {fields.required(entry, 'rate')}"
            yield Setting("blkio", f"blkio.throttle.{suffix}_device", value, what)


def hugetlb(resources: dict[str, Any], exists: Exists, suffix: str) -> Iterator[Setting]:
    """The limit on pages in use and, where the kernel counts them (5.7), on those reserved."""
    for entry in fields.items(resources, "hugepageLimits"):
        prefix, limit = f"hugetlb.{fields.page_size(entry)}", str(fields.required(entry, "limit"))
        yield Setting("hugetlb", f"{prefix}.{suffix}", limit, "limit of huge pages")
        if exists("hugetlb", f"{prefix}.rsvd.{suffix}"):
            yield Setting("hugetlb", f"{prefix}.rsvd.{suffix}", limit, "limit of reserved huge pages")


def _network(network: dict[str, Any]) -> Iterator[Setting]:
    if class_id := fields.number(network, "classID"):
        yield Setting("net_cls", "net_cls.classid", str(class_id), "network class")
    for entry in fields.items(network, "priorities"):
        value = f"{fields.interface(entry)} {fields.required(entry, 'priority')}"
        yield Setting("net_prio", "net_prio.ifpriomap", value, "network priority")


def rdma(found: dict[str, Any]) -> Iterator[Setting]:
    """The same file in both versions: `device hca_handle=n hca_object=n`. Source: cgroup-v1/rdma.rst."""
    for name in sorted(found):
        entry = fields.section(found, name)
        limits = {"hca_handle": fields.number(entry, "hcaHandles"), "hca_object": fields.number(entry, "hcaObjects")}
        words = [f"{key}={value}" for key, value in limits.items() if value is not None]
        if words and (any(sign.isspace() for sign in name) or not name):
            raise InvalidInput(f"{name[:80]!r} is no name of an RDMA device")
        if words:
            yield Setting("rdma", "rdma.max", " ".join((name, *words)), "RDMA limit")
