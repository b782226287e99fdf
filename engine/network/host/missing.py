"""What this host lacks for networks, found by a cheap real try."""

import os
from contextlib import closing

from engine.errors import EngineError, MissingFeature
from engine.network.host import trial
from engine.network.table.libnftables import Nft

HINT = "or run without a network: --network none"


def missing() -> list[MissingFeature]:
    """Everything that is needed and refused, empty where nothing is. Takes some milliseconds: not on a loop."""
    return [*_rules(), *_links(), *_settings()]


def require() -> None:
    """Raises: MissingFeature, the first one, where networks cannot be had here."""
    for found in missing():
        raise found


def _rules() -> list[MissingFeature]:
    """The library, and nf_tables in the kernel. Only a look: it changes nothing."""
    try:
        with closing(Nft()) as nft:
            nft.run("list tables")
    except MissingFeature as err:
        return [err]
    except (EngineError, OSError) as err:
        return [MissingFeature(f"rules of the network cannot be read: {err}", hint=f"modprobe nf_tables; {HINT}")]
    return []


def _links() -> list[MissingFeature]:
    """Bridges and veth pairs, tried in a network namespace that is gone afterwards."""
    try:
        refused = trial.refused(("bridge", "veth"))
    except OSError as err:
        return [MissingFeature(f"no network namespace can be made: {err.strerror}", hint=f"as root; {HINT}")]
    return [
        MissingFeature(f"the kernel makes no link of kind {kind}: {why}", hint=f"load it: modprobe {kind}; {HINT}")
        for kind, why in refused.items()
    ]


def _settings() -> list[MissingFeature]:
    """In a container around us, the kernel's settings may be shown read-only."""
    if not os.statvfs("/proc/sys/net").f_flag & os.ST_RDONLY:
        return []
    return [
        MissingFeature(
            "/proc/sys is read-only here, and forwarding cannot be switched on",
            hint=f"in a container, give it a writable /proc/sys (such as --privileged); {HINT}",
        )
    ]
