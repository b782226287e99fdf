"""OCI `linux.resources` as writes into the files of v1 and v2. A key that is absent changes nothing."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from engine import errors
from engine.cgroup import fields, refusals, v1_settings, v2_settings
from engine.cgroup.kernfs import Kernfs
from engine.cgroup.protocol import Exists, Setting

_CPU_KEYS: Final = ("shares", "quota", "period", "burst", "idle", "realtimeRuntime", "realtimePeriod")
_CPUSET_KEYS: Final = ("cpus", "mems")

_WAYS: Final = {
    "memory.memsw.limit_in_bytes": "swap is not counted: boot with swapaccount=1",
    "memory.swap.max": "swap is not counted: boot with swapaccount=1",
    "blkio.bfq.weight": "block devices have no weights: they need the BFQ scheduler (modprobe bfq)",
    "io.weight": "block devices have no weights: they need the BFQ scheduler or io.cost",
}


def wanted(resources: dict[str, Any]) -> set[str]:
    """The controllers that these resources need, in v1's words (v2 calls blkio io). Raises InvalidInput."""
    cpu, network = fields.section(resources, "cpu"), fields.section(resources, "network")
    found = {
        "memory": bool(fields.section(resources, "memory")),
        "pids": fields.section(resources, "pids").get("limit") is not None,
        "blkio": any(fields.section(resources, "blockIO").values()),
        "cpu": any(cpu.get(key) for key in _CPU_KEYS),
        "cpuset": any(cpu.get(key) for key in _CPUSET_KEYS),
        "hugetlb": bool(resources.get("hugepageLimits")),
        "net_cls": bool(network.get("classID")),
        "net_prio": bool(network.get("priorities")),
        "rdma": bool(fields.section(resources, "rdma")),
    }
    return {name for name, needed in found.items() if needed}


def for_v1(resources: dict[str, Any], exists: Exists) -> list[Setting]:
    """Writes for v1, in an order that suits a new cgroup. Raises InvalidInput."""
    return v1_settings.plan(resources, exists)


def for_v2(resources: dict[str, Any], exists: Exists, now: Mapping[str, str]) -> list[Setting]:
    """Writes for v2; `now` has the texts of memory.max and cpu.max, of which only a part may be given."""
    return v2_settings.plan(resources, exists, now)


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


def apply_all(fs: Kernfs, folder: Callable[[Setting], str], given: list[Setting]) -> None:
    """Write them in order; one that depends on another that comes later is tried again at the end.

    Raises InvalidInput, Conflict or SetupFailed.
    """
    again: list[Setting] = []
    for setting in given:
        try:
            apply(fs, folder(setting), setting)
        except errors.InvalidInput:
            if setting.file not in v1_settings.RETRIED:
                raise
            again.append(setting)
    for setting in again:
        apply(fs, folder(setting), setting)


def apply(fs: Kernfs, folder: str, setting: Setting) -> None:
    """Write one setting. Raises InvalidInput, Conflict or SetupFailed."""
    try:
        fs.write(f"{folder}/{setting.file}", setting.value)
    except OSError as err:
        raise refusals.of_setting(setting, err, partial(_figure, fs, folder)) from err


def _figure(fs: Kernfs, folder: str, name: str) -> str:
    return fs.read_or(f"{folder}/memory.{name}", "").strip() or "unknown"
