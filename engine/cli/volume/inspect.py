"""`qd volume inspect`."""

import json
import sys
from argparse import Namespace
from typing import Any

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.human import rfc3339
from engine.cli.render.template import Template
from engine.errors import NotFound
from engine.model import Volume


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-f", "--format", metavar="FORMAT", help="a template such as '{{.Mountpoint}}'")
    parser.add_argument("names", nargs="+", metavar="VOLUME")


def run(context: Context, args: Namespace) -> int:
    """An array of those that there are; go on past one that is missing."""
    known = {volume.name: volume for volume in context.engine.volumes()}
    views = [volume_view(known[name]) for name in args.names if name in known]
    missing = [name for name in args.names if name not in known]
    if args.format is None:
        sys.stdout.write(f"{json.dumps(views, indent=4, ensure_ascii=False)}\n")
    else:
        template = Template(args.format)
        sys.stdout.write("".join(f"{template.apply(view)}\n" for view in views))
    for name in missing:
        report.failure(NotFound(f"no such volume: {name}", hint="list them: qd volume ls"))
    return 1 if missing else 0


def volume_view(volume: Volume) -> dict[str, Any]:
    """The object of `docker volume inspect`, and who has it."""
    return {
        "CreatedAt": rfc3339(volume.created_ns),
        "Driver": "local",
        "Labels": dict(volume.labels),
        "Mountpoint": volume.path,
        "Name": volume.name,
        "Options": None,
        "Scope": "local",
        "Anonymous": volume.anonymous,
        "UsedBy": list(volume.used_by),
    }
