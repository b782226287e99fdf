"""The command `qd-runtime`: global options, then a verb. Standard library only.

    qd-runtime [global options] VERB [options] [arguments]

Nothing but `sys` is needed for `--version`. Each verb is a module of its own, imported when it is asked for.
"""

import sys

VERBS = {
    "checkpoint": "checkpoint",
    "create": "create",
    "delete": "delete",
    "events": "events",
    "exec": "execute",
    "features": "features",
    "kill": "kill",
    "list": "listing",
    "mounts": "mounts",
    "pause": "pause",
    "ps": "processes",
    "restore": "checkpoint",
    "resume": "resume",
    "run": "run",
    "spec": "spec",
    "start": "start",
    "state": "state",
    "update": "update",
}
"""Verb -> its module in `engine.runtime.verbs`."""
SPEC_VERSION = "1.2.1"
"""Of the OCI runtime-spec. Source: https://github.com/opencontainers/runtime-spec, tag v1.2.1."""


def main() -> None:
    """Run the command line and leave the process at once."""
    words = sys.argv[1:]
    if words[:1] in (["--version"], ["-v"]):
        _leave(version())
    _fill_streams()
    from engine.runtime import dispatch

    _leave(dispatch.run(words, VERBS))


def _fill_streams() -> None:
    """Have descriptors 0 to 2 open, as every Go program has: else what we open next would be taken for one of them."""
    import os

    while (fd := os.open("/dev/null", os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def version() -> int:
    """Print it, in the form of runc's."""
    from engine.version import VERSION

    sys.stdout.write(f"qd-runtime version {VERSION}\nspec: {SPEC_VERSION}\n")
    return 0


def _leave(code: int) -> None:
    """What the interpreter does at its end, freeing one object after the other, takes 6 ms: the kernel does it at once.

    A reader that has left is no error of ours.
    """
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)
