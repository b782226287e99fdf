"""What is ours is called so, and what is another engine's otherwise: names of links and tables on the host."""

import hashlib
from typing import Final

from engine.state.paths import DEFAULT_ROOT

_TAG_DIGITS: Final = 6
_RUNS: Final = 1000
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
MAX_ENDPOINTS: Final = len(_DIGITS)
"""Interfaces of one container."""


def tag_of(root: str) -> str:
    """What tells this engine's things from those of another state root: six hex digits; empty for the usual root."""
    if root == DEFAULT_ROOT:
        return ""
    return hashlib.sha256(root.encode()).hexdigest()[:_TAG_DIGITS]


def table(tag: str) -> str:
    """The nft tables, one in each family that is needed."""
    return f"quarterdeck-{tag}" if tag else "quarterdeck"


def default_bridge(tag: str) -> str:
    """The bridge of the network that containers are on where nothing is said."""
    return f"qd0-{tag}" if tag else "qd0"


def bridge(network_id: str) -> str:
    """The bridge of a network that an operator made."""
    return f"qd{network_id[:10]}"


def host_end(container_id: str, run: int, number: int) -> str:
    """The host's end of a container's interface, at most 15 characters: another one in each run, since that of the
    last run may still be going away with its namespace."""
    return f"qd{container_id[:7]}{run % _RUNS:03d}{_DIGITS[number]}"
