"""`qd inspect`: containers and images in the form of `docker inspect`."""

import json
import sys
from argparse import Namespace
from typing import Any

import msgspec

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.container.inspection import container_view
from engine.cli.context import Context
from engine.cli.image.inspection import image_view
from engine.cli.image.names import is_named
from engine.cli.render.listing import add_format
from engine.cli.render.template import Template
from engine.errors import EngineError, NotFound
from engine.model import Container, Image, Network


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("--type", choices=("container", "image"), help="look for this alone")
    add_format(parser, short=True)
    parser.add_argument("names", nargs="+", metavar="NAME")


def run(context: Context, args: Namespace) -> int:
    """Print an array, or a line for each; go on past a name that is not there."""
    template = Template(args.format) if args.format not in (None, "json") else None
    views: list[dict[str, Any]] = []
    code = 0
    for name in args.names:
        try:
            views.append(_view(context, name, args.type))
        except EngineError as err:
            code = report.failure(err)
    sys.stdout.write(_text(views, template, as_json=args.format == "json"))
    return code


def _text(views: list[dict[str, Any]], template: Template | None, *, as_json: bool) -> str:
    if template is not None:
        return "".join(f"{template.apply(view)}\n" for view in views)
    if as_json:
        return "".join(f"{json.dumps(view)}\n" for view in views)
    return f"{json.dumps(views, indent=4)}\n"


def _view(context: Context, name: str, kind: str | None) -> dict[str, Any]:
    """A container where there is one of that name, else an image. Raises `NotFound`."""
    if kind != "image":
        try:
            return _container(context, name)
        except NotFound:
            if kind == "container":
                raise
    for image in context.engine.images():
        if is_named(image, name):
            return image_view(image)
    raise NotFound(f"there is no container or image {name}", hint="see qd ps -a and qd images")


def _container(context: Context, name: str) -> dict[str, Any]:
    found = context.engine.inspect(name)
    container = msgspec.convert(found["container"], Container)
    image = msgspec.convert(found["image"], Image) if found.get("image") else None
    networks = _networks(context, container)
    return container_view(container, image, found.get("spec"), found.get("paths") or {}, networks)


def _networks(context: Context, container: Container) -> dict[str, Network]:
    """Those that it is on, by their ids."""
    if not container.endpoints:
        return {}
    return {network.id: network for network in context.engine.networks()}
