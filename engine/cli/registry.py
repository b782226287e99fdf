"""Which commands there are, where each one lives, and what it is called in a group.

A command is a module with `configure(parser)` and `run(context, arguments) -> exit code`. It is imported only when
it is the one that was asked for.
"""

from typing import Final, NamedTuple


class Command(NamedTuple):
    """One command: its module below `engine.cli`, its usage after the name, and one line of help."""

    module: str
    usage: str
    summary: str
    changes: bool = True
    """Whether it changes something, so that --read-only refuses it."""


COMMANDS: Final[dict[str, Command]] = {
    "run": Command("container.run", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container and run a program in it"),
    "create": Command("container.create", "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a container"),
    "start": Command("container.start", "[OPTIONS] CONTAINER...", "Start stopped containers"),
    "stop": Command("container.stop", "[OPTIONS] CONTAINER...", "Stop running containers"),
    "restart": Command("container.restart", "[OPTIONS] CONTAINER...", "Stop and start containers"),
    "kill": Command("container.kill", "[OPTIONS] CONTAINER...", "Send a signal to containers"),
    "pause": Command("container.pause", "CONTAINER...", "Freeze every process of containers"),
    "unpause": Command("container.unpause", "CONTAINER...", "Thaw frozen containers"),
    "rm": Command("container.rm", "[OPTIONS] CONTAINER...", "Remove containers"),
    "wait": Command("container.wait", "CONTAINER...", "Wait until containers exit, and print their exit codes", False),
    "rename": Command("container.rename", "CONTAINER NEW_NAME", "Rename a container"),
    "update": Command("container.update", "[OPTIONS] CONTAINER...", "Change the limits of containers"),
    "ps": Command("container.ps", "[OPTIONS]", "List containers", False),
    "exec": Command("container.exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "Run a program in a running container"),
    "attach": Command("container.attach", "[OPTIONS] CONTAINER", "Attach to a running container's own terminal"),
    "logs": Command("container.logs", "[OPTIONS] CONTAINER", "Show the output of a container", False),
    "top": Command("container.top", "CONTAINER", "List the processes of a container", False),
    "stats": Command("container.stats", "[OPTIONS] [CONTAINER...]", "Show what containers use, live", False),
    "inspect": Command("container.inspect", "[OPTIONS] NAME...", "Show everything about containers or images", False),
    "diff": Command("container.diff", "CONTAINER", "List what a container's file system changed", False),
    "images": Command("image.images", "[OPTIONS] [NAME]", "List images", False),
    "rmi": Command("image.rmi", "[OPTIONS] IMAGE...", "Remove images"),
    "events": Command("system.events", "[OPTIONS]", "Show what happens, live", False),
    "info": Command("system.info", "[OPTIONS]", "Show what the engine can do on this host", False),
    "version": Command("system.version", "[OPTIONS]", "Show the version", False),
    "demo": Command("system.demo", "[OPTIONS]", "Start the demonstration containers and open the dashboard"),
    "prune": Command("system.prune", "[OPTIONS]", "Remove stopped containers and unused layers"),
    "volume create": Command("volume.create", "[OPTIONS] [VOLUME]", "Make a volume"),
    "volume ls": Command("volume.ls", "[OPTIONS]", "List volumes", False),
    "volume inspect": Command("volume.inspect", "[OPTIONS] VOLUME...", "Show everything about volumes", False),
    "volume rm": Command("volume.rm", "[OPTIONS] VOLUME...", "Remove volumes"),
    "volume prune": Command("volume.prune", "[OPTIONS]", "Remove volumes that no container has"),
}

_CONTAINER: Final = {name: name for name, command in COMMANDS.items() if command.module.startswith("container.")} | {
    "ls": "ps",
    "list": "ps",
}

GROUPS: Final[dict[str, dict[str, str]]] = {
    "container": _CONTAINER,
    "image": {"ls": "images", "list": "images", "rm": "rmi", "inspect": "inspect"},
    "volume": {
        word: f"volume {command}"
        for word, command in {
            **{name: name for name in ("create", "ls", "inspect", "rm", "prune")},
            "list": "ls",
            "remove": "rm",
        }.items()
    },
    "system": {"info": "info", "events": "events", "prune": "prune"},
}
"""Docker's management words: `qd container ls` is `qd ps`."""

HIDDEN: Final = frozenset({"prune", *(name for name in COMMANDS if name.startswith("volume "))})
"""Reached through their group alone, as in Docker."""
