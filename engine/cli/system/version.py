"""`qd version`."""

import json
import os
import platform
import sys
from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.listing import add_format
from engine.cli.render.template import Template
from engine.errors import EngineError
from engine.version import VERSION


def configure(parser: Parser) -> None:
    """Docker's flags."""
    add_format(parser, short=True)


def run(context: Context, args: Namespace) -> int:
    """Print; an engine that does not run is not started for it."""
    versions = {"Client": _client(), "Server": _server(context)}
    if args.format == "json":
        sys.stdout.write(f"{json.dumps(versions)}\n")
    elif args.format:
        sys.stdout.write(f"{Template(args.format).apply(versions)}\n")
    else:
        sys.stdout.write(_block("Client", versions["Client"]) + _block("Engine", versions["Server"]))
    return 0


def _client() -> dict[str, Any]:
    return {"Version": VERSION, "Python": platform.python_version(), "Os": "linux", "Arch": os.uname().machine}


def _server(context: Context) -> dict[str, Any]:
    from engine.client import Engine

    try:
        info = Engine(context.paths, start=False).info()
    except EngineError as err:
        return {"State": err.message}
    return {"Version": info.version, "Protocol": info.protocol, "Os": "linux", "Arch": info.architecture}


def _block(title: str, facts: dict[str, Any]) -> str:
    return f"{title}:\n" + "".join(f" {name + ':':<10} {value}\n" for name, value in facts.items())
