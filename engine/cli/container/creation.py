"""Creating a container as `run` and `create` do: progress on stderr, the id in a file."""

import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from engine.cli.context import Context
from engine.cli.progress import progress
from engine.errors import InvalidInput


def create(context: Context, options: dict[str, Any], args: Namespace) -> str:
    """The id of the new container. Raises what the engine raises, and `InvalidInput` for a cidfile that exists."""
    save = _open_cidfile(args.cidfile) if args.cidfile else None
    with progress(quiet=args.quiet) as show:
        container_id = context.engine.create(options, show, pull=args.pull, platform=args.platform)
    if save is not None:
        save(container_id)
    return container_id


def _open_cidfile(path: str) -> Callable[[str], Any]:
    """Checked before there is a container to leave behind; written once there is one."""
    if os.path.lexists(path):
        raise InvalidInput(f"the file {path} exists already", hint="remove it, or name another --cidfile")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.access(folder, os.W_OK):
        raise InvalidInput(f"{folder} cannot be written", hint="name another --cidfile")

    def save(container_id: str) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        with open(fd, "w") as file:
            file.write(container_id)

    return save
