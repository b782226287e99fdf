"""`qd events`."""

import json
import sys
import time
from argparse import Namespace
from typing import Any, Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.filters import parse_filters
from engine.cli.parse.moment import parse_moment
from engine.cli.render.clean import printable
from engine.cli.render.human import rfc3339
from engine.cli.render.listing import add_format
from engine.cli.render.template import Template
from engine.model import Event

FILTERS: Final = ("container", "image", "network", "volume", "event", "type", "label")


def configure(parser: Parser) -> None:
    """Docker's flags."""
    add = parser.add_argument
    add("--since", metavar="TIME", help="also what happened since: 10m, 2026-05-01T10:00:00Z, Unix seconds")
    add("--until", metavar="TIME", help="stop there")
    add("-f", "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}")
    add_format(parser)


def run(context: Context, args: Namespace) -> int:
    """Print a line for each event, as it comes."""
    now_ns = time.time_ns()
    since_ns = parse_moment(args.since, now_ns) if args.since else None
    until_ns = parse_moment(args.until, now_ns) if args.until else None
    filters = parse_filters(args.filter, FILTERS)
    template = None if args.format in (None, "json") else Template(args.format)
    follow = until_ns is None or until_ns > now_ns
    for event in context.engine.events(since_ns=since_ns, until_ns=until_ns, filters=filters, follow=follow):
        sys.stdout.write(_text(event, args.format, template) + "\n")
        sys.stdout.flush()
    return 0


def line(event: Event) -> str:
    """`2026-05-01T10:11:12.123456789Z container die 0123abcd (exitCode=1, name=web)`."""
    attributes = sorted({**event.attributes, "name": event.name}.items())
    words = ", ".join(f"{key}={value}" for key, value in attributes)
    return printable(f"{rfc3339(event.time_ns)} {event.type} {event.action} {event.id} ({words})")


def as_docker(event: Event) -> dict[str, Any]:
    """The object that `docker events --format json` prints."""
    return {
        "status": event.action,
        "id": event.id,
        "from": event.attributes.get("image", ""),
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.id, "Attributes": {**event.attributes, "name": event.name}},
        "scope": "local",
        "time": event.time_ns // 1_000_000_000,
        "timeNano": event.time_ns,
    }


def _text(event: Event, form: str | None, template: Template | None) -> str:
    if template is not None:
        return template.apply({**as_docker(event), "ID": event.id, "Time": event.time_ns // 1_000_000_000})
    return json.dumps(as_docker(event)) if form == "json" else line(event)
