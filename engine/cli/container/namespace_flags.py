"""The flags that share a namespace with the host or with another container."""

from engine.cli.arguments import Parser


def add_namespace_flags(parser: Parser) -> None:
    """Docker's; every one is private where nothing is said."""
    add = parser.add_argument
    add(
        "--userns",
        default="",
        metavar="MODE",
        help="user ids: private (the default; host with --privileged), host, auto:size=N, container:NAME",
    )
    add("--pid", default="", metavar="MODE", help="processes: private, host or container:NAME")
    add("--ipc", default="", metavar="MODE", help="shared memory: private, shareable, none, host or container:NAME")
    add("--uts", default="", metavar="MODE", help="host name: private, host or container:NAME")
    add("--cgroupns", default="", metavar="MODE", help="view of the control groups: private, host or container:NAME")
