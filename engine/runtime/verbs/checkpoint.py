"""`checkpoint` and `restore`, which this runtime does not have."""

from engine.errors import MissingFeature
from engine.runtime.call import Call

USAGE = "<container-id>\nnot supported"
OPTIONS = ()


def main(call: Call) -> int:
    """Refused in words."""
    raise MissingFeature(f"{call.verb} is not supported by qd-runtime")
