"""`create`: everything but the start of the program."""

from engine.runtime import arguments, creation
from engine.runtime.arguments import flag, value
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\ncreate a container"
OPTIONS = (
    value("bundle", "the bundle's folder (default: here)", "b"),
    value("config", "name of the config file in the bundle", "f"),
    value("console-socket", "unix socket that gets the terminal's master"),
    value("pidfd-socket", "unix socket that gets a pidfd of the first process"),
    value("pid-file", "file for the pid of the first process"),
    flag("no-pivot", "do not use pivot_root"),
    flag("no-new-keyring", "keep the caller's session keyring"),
    value("preserve-fds", "pass this many descriptors from 3 on to the program"),
)


def main(call: Call) -> int:
    """Its process is left to whoever reaps for us: the nearest subreaper."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    creation.create(call, Store(call.root), stdio=(0, 1, 2), keeps_terminal=False)
    return 0
