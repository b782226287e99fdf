"""`qd info`."""

import json
import sys
from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable
from engine.cli.render.human import binary_size
from engine.cli.render.listing import add_format
from engine.cli.render.template import Template
from engine.model import Info, Status


def configure(parser: Parser) -> None:
    """Docker's flags."""
    add_format(parser, short=True)


def run(context: Context, args: Namespace) -> int:
    """Print; what does not work here goes to stderr, each with the way to get it."""
    info = context.engine.info()
    if args.format == "json":
        sys.stdout.write(f"{json.dumps(as_docker(info))}\n")
    elif args.format:
        sys.stdout.write(f"{Template(args.format).apply(as_docker(info))}\n")
    else:
        sys.stdout.write(text(info))
        for warning in info.warnings:
            sys.stderr.write(f"warning: {printable(warning)}\n")
    return 0


def text(info: Info) -> str:
    """One fact a line, as `docker info` puts it."""
    facts: list[tuple[str, object]] = [
        ("Containers", sum(info.containers.values())),
        (" Running", info.containers.get(Status.RUNNING, 0)),
        (" Paused", info.containers.get(Status.PAUSED, 0)),
        (" Stopped", _stopped(info)),
        ("Images", info.images),
        ("Server Version", info.version),
        ("Storage Driver", info.storage),
        ("Cgroup Version", info.cgroup),
        (" Controllers", ", ".join(f"{name} ({version})" for name, version in sorted(info.controllers.items()))),
        ("Networks", info.networks),
        (" Default Subnet", info.subnet or "not chosen yet"),
        ("Kernel Version", info.kernel),
        ("Architecture", info.architecture),
        ("CPUs", info.cpus),
        ("Total Memory", binary_size(info.memory_bytes)),
        ("Name", info.hostname),
        ("Root Dir", info.root),
        ("Run Dir", info.run),
        ("Supervisor Pid", info.supervisor_pid),
        ("Keeper Pid", info.keeper_pid),
    ]
    return "".join(f"{name}: {printable(str(value))}\n" for name, value in facts)


def as_docker(info: Info) -> dict[str, Any]:
    """The fields of `docker info --format json` that mean something here."""
    return {
        "Containers": sum(info.containers.values()),
        "ContainersRunning": info.containers.get(Status.RUNNING, 0),
        "ContainersPaused": info.containers.get(Status.PAUSED, 0),
        "ContainersStopped": _stopped(info),
        "Images": info.images,
        "Driver": info.storage,
        "CgroupVersion": info.cgroup,
        "Controllers": info.controllers,
        "Networks": info.networks,
        "DefaultSubnet": info.subnet,
        "KernelVersion": info.kernel,
        "OSType": "linux",
        "Architecture": info.architecture,
        "NCPU": info.cpus,
        "MemTotal": info.memory_bytes,
        "DockerRootDir": info.root,
        "RunDir": info.run,
        "Name": info.hostname,
        "ServerVersion": info.version,
        "Protocol": info.protocol,
        "SupervisorPid": info.supervisor_pid,
        "KeeperPid": info.keeper_pid,
        "Warnings": list(info.warnings),
    }


def _stopped(info: Info) -> int:
    running = (Status.RUNNING, Status.PAUSED)
    return sum(info.containers.values()) - sum(info.containers.get(status, 0) for status in running)
