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
    "port": Command("container.port", "CONTAINER [PORT[/PROTOCOL]]", "List published ports, or where one is", False),
    "top": Command("container.top", "CONTAINER", "List the processes of a container", False),
    "stats": Command("container.stats", "[OPTIONS] [CONTAINER...]", "Show what containers use, live", False),
    "inspect": Command("container.inspect", "[OPTIONS] NAME...", "Show everything about containers or images", False),
    "cp": Command("container.cp", "[OPTIONS] SRC DEST", "Copy files between a container and this host"),
    "export": Command("container.export", "[OPTIONS] CONTAINER", "Write a container's files as an archive", False),
    "diff": Command("container.diff", "NAME [NAME]", "List what changed in a file system, or between two", False),
    "commit": Command("container.commit", "[OPTIONS] CONTAINER [NAME[:TAG]]", "Make an image of a container's changes"),
    "images": Command("image.images", "[OPTIONS] [NAME]", "List images", False),
    "pull": Command("image.pull", "[OPTIONS] IMAGE...", "Fetch images from a registry"),
    "push": Command("image.push", "[OPTIONS] IMAGE [TARGET]", "Send an image to a registry"),
    "tag": Command("image.tag", "IMAGE TARGET", "Give an image one more name"),
    "rmi": Command("image.rmi", "[OPTIONS] IMAGE...", "Remove images"),
    "history": Command("image.history", "[OPTIONS] IMAGE", "Show how an image came to be", False),
    "save": Command("image.save", "[OPTIONS] IMAGE...", "Write images into an archive", False),
    "load": Command("image.load", "[OPTIONS]", "Take the images of an archive"),
    "import": Command("image.import_", "[OPTIONS] FILE|- [NAME[:TAG]]", "Make an image of a root file system"),
    "login": Command("image.login", "[OPTIONS] [REGISTRY]", "Store a name and a password for a registry"),
    "logout": Command("image.logout", "[OPTIONS] [REGISTRY]", "Forget them"),
    "image prune": Command("image.prune", "[OPTIONS]", "Remove images that nobody needs"),
    "df": Command("system.df", "[OPTIONS]", "Show what takes disk, and how much of it nobody needs", False),
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
    "network create": Command("network.create", "[OPTIONS] NETWORK", "Make a network"),
    "network ls": Command("network.ls", "[OPTIONS]", "List networks", False),
    "network inspect": Command("network.inspect", "[OPTIONS] NETWORK...", "Show everything about networks", False),
    "network rm": Command("network.rm", "[OPTIONS] NETWORK...", "Remove networks"),
    "network prune": Command("network.prune", "[OPTIONS]", "Remove networks that no container is on"),
    "network connect": Command("network.connect", "[OPTIONS] NETWORK CONTAINER", "Put a container on one more network"),
    "network disconnect": Command(
        "network.disconnect", "[OPTIONS] NETWORK CONTAINER", "Take a container off a network"
    ),
}

_CONTAINER: Final = {name: name for name, command in COMMANDS.items() if command.module.startswith("container.")} | {
    "ls": "ps",
    "list": "ps",
}

GROUPS: Final[dict[str, dict[str, str]]] = {
    "container": _CONTAINER,
    "image": {
        **{name: name for name in ("history", "import", "inspect", "load", "pull", "push", "save", "tag")},
        "ls": "images",
        "list": "images",
        "rm": "rmi",
        "prune": "image prune",
    },
    "volume": {
        word: f"volume {command}"
        for word, command in {
            **{name: name for name in ("create", "ls", "inspect", "rm", "prune")},
            "list": "ls",
            "remove": "rm",
        }.items()
    },
    "network": {
        word: f"network {command}"
        for word, command in {
            **{name: name for name in ("create", "ls", "inspect", "rm", "prune", "connect", "disconnect")},
            "list": "ls",
            "remove": "rm",
        }.items()
    },
    "system": {"df": "df", "info": "info", "events": "events", "prune": "prune"},
}
"""Docker's management words: `qd container ls` is `qd ps`."""

HIDDEN: Final = frozenset({"prune", "df", *(name for name in COMMANDS if " " in name)})
"""Reached through their group alone, as in Docker."""
