"""The flags of limits, shared by `run`, `create` and `update`."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Final

from engine.cli.arguments import Parser
from engine.cli.parse.size import parse_device_bytes, parse_device_operations, parse_size, parse_swap
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Limits

_BYTES_FLAGS: Final = ("device_read_bps", "device_write_bps")
_OPERATION_FLAGS: Final = ("device_read_iops", "device_write_iops")
_UNSET_AT_ZERO: Final = (
    "memory",
    "memory_swap",
    "memory_reservation",
    "cpus",
    "cpu_shares",
    "blkio_weight",
    "pids_limit",
)
"""Docker takes 0 for "not set"; here that is None."""


def add_limit_flags(parser: Parser) -> None:
    """Everything that a running container's limits can be changed to."""
    add = parser.add_argument
    add("-m", "--memory", type=parse_size, metavar="BYTES", help="memory limit, such as 64m")
    add("--memory-swap", type=parse_swap, metavar="BYTES", help="memory and swap together; -1 is unlimited swap")
    add("--memory-reservation", type=parse_size, metavar="BYTES", help="soft memory limit")
    add("--cpus", type=float, metavar="N", help="cores' worth of time, such as 0.5")
    add("-c", "--cpu-shares", type=int, metavar="N", help="relative weight; 1024 is normal")
    add("--cpu-quota", type=int, metavar="USEC", help="time in each period")
    add("--cpu-period", type=int, metavar="USEC", help="length of the period")
    add("--cpuset-cpus", metavar="LIST", help="which processors, such as 0-2,4")
    add("--cpuset-mems", metavar="LIST", help="which memory nodes")
    add("--pids-limit", type=int, metavar="N", help="how many processes and threads; -1 is unlimited")
    add("--blkio-weight", type=int, metavar="N", help="relative weight of block devices, 10 to 1000")


def add_device_flags(parser: Parser) -> None:
    """Rates of block devices, which are set at creation alone."""
    for name in (*_BYTES_FLAGS, *_OPERATION_FLAGS):
        unit = "bytes" if name in _BYTES_FLAGS else "operations"
        parse = parse_device_bytes if name in _BYTES_FLAGS else parse_device_operations
        way = "read" if "read" in name else "written"
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(
            flag, type=parse, action="append", default=[], metavar="DEVICE:RATE", help=f"{unit} {way} a second"
        )


def limits_of(args: Namespace) -> "Limits | None":
    """The limits that the flags ask for; None for none. Raises `InvalidInput` where two contradict each other."""
    given = {name: getattr(args, name) or None for name in _UNSET_AT_ZERO}
    _check(given, args)
    devices: dict[str, Any] = {name: tuple(getattr(args, name, ())) for name in (*_BYTES_FLAGS, *_OPERATION_FLAGS)}
    fields = {
        "memory_bytes": given["memory"],
        "memory_swap_bytes": given["memory_swap"],
        "memory_reservation_bytes": given["memory_reservation"],
        "cpus": given["cpus"],
        "cpu_shares": given["cpu_shares"],
        "cpu_quota_usec": args.cpu_quota,
        "cpu_period_usec": args.cpu_period,
        "cpuset_cpus": args.cpuset_cpus,
        "cpuset_mems": args.cpuset_mems,
        "pids": given["pids_limit"],
        "blkio_weight": given["blkio_weight"],
        **devices,
    }
    if all(value in (None, ()) for value in fields.values()):
        return None
    from engine.model import Limits

    return Limits(**fields)


def _check(given: dict[str, Any], args: Namespace) -> None:
    """What one flag's parser cannot see; ranges of the kernel are the engine's to know."""
    if given["cpus"] is not None and (args.cpu_quota is not None or args.cpu_period is not None):
        raise InvalidInput(
            "--cpus and --cpu-quota or --cpu-period say the same thing twice", hint="--cpus 0.5 alone is enough"
        )
    memory, swap = given["memory"], given["memory_swap"]
    if swap is not None and swap != -1 and memory is not None and swap < memory:
        raise InvalidInput(
            "--memory-swap is below --memory, but it counts memory and swap together",
            hint="at least the memory limit, or -1 for unlimited swap",
        )
