"""`qd network inspect`."""

import json
import sys
from argparse import Namespace
from typing import Any

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.network.views import network_view
from engine.cli.render.template import Template
from engine.errors import EngineError
from engine.model import Network


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.Driver}}'")
    parser.flag("-v", "--verbose", help="there is nothing more to show")
    parser.add_argument("names", nargs="+", metavar="NETWORK")


def run(context: Context, args: Namespace) -> int:
    """An array of those that there are; go on past one that is missing."""
    found, failures = _find(context, args.names)
    ids = {one.name: one.id for one in context.engine.containers()} if any(n.containers for n in found) else {}
    _write([network_view(network, ids) for network in found], args.format)
    for err in failures:
        report.failure(err)
    return 1 if failures else 0


def _find(context: Context, names: list[str]) -> tuple[list[Network], list[EngineError]]:
    found, failures = [], []
    for name in names:
        try:
            found.append(context.engine.network(name))
        except EngineError as err:
            failures.append(err)
    return found, failures


def _write(views: list[dict[str, Any]], form: str | None) -> None:
    if form is None:
        sys.stdout.write(f"{json.dumps(views, indent=4, ensure_ascii=False)}\n")
    elif form == "json":
        sys.stdout.write(f"{json.dumps(views)}\n")
    else:
        template = Template(form)
        sys.stdout.write("".join(f"{template.apply(view)}\n" for view in views))
