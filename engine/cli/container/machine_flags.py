"""The flags of what a container gets of the machine: devices, kernel parameters, shared memory."""

from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser
from engine.cli.parse.device import parse_device, parse_sysctls
from engine.cli.parse.size import parse_size


def add_machine_flags(parser: Parser) -> None:
    """Docker's."""
    add = parser.add_argument
    several: dict[str, Any] = {"action": "append", "default": []}
    add("--device", **several, metavar="HOST[:PATH[:rwm]]", help="a device of the host, or all in a directory")
    add("--device-cgroup-rule", **several, metavar="RULE", help='access to devices, such as "c 10:229 rwm"')
    add("--group-add", **several, metavar="GROUP", help="a group more for the user")
    add("--sysctl", **several, metavar="NAME=VALUE", help="a kernel parameter of its own namespaces")
    add("--shm-size", type=parse_size, metavar="BYTES", help="size of /dev/shm; 64m where nothing is said")


def machine_of(args: Namespace) -> dict[str, Any]:
    """The fields of `model.CreateOptions` that these flags ask for. Raises `InvalidInput`."""
    return {
        "devices": tuple(parse_device(text) for text in args.device),
        "device_rules": tuple(args.device_cgroup_rule),
        "groups": tuple(args.group_add),
        "sysctls": parse_sysctls(args.sysctl),
        "shm_bytes": args.shm_size or None,
    }
