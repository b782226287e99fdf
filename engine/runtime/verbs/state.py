"""`state`: what the specification shows of a container."""

import json
import sys

from engine.runtime import arguments, container
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\noutput the state of a container"
OPTIONS = ()


def main(call: Call) -> int:
    """JSON, indented as runc has it."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    store = Store(call.root)
    shown = container.shown(store, store.read(call.id))
    sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
    return 0
