"""The ids of containers' user namespaces: ranges of the host's ids that nothing else has.

The files of a container keep the ids that they have inside, whatever its range is: mounts show one for the other. So a
range can be given back and taken again, and only what runs at the same time must differ.
Source: subuid(5); systemd's UIDS-GIDS.md, whose table leaves 1879048192 to 2147352575 unused.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from engine.errors import EngineError, InvalidInput

SIZE: Final = 65_536
"""Ids of one container unless it asks for another number: every id that an image is likely to have."""
UNUSED: Final = range(0x7000_0000, 0x7FFE_0000)
_MOST: Final = 1 << 24
_OWNERS: Final = ("containers", "quarterdeck")
"""Whose ranges of /etc/subuid and /etc/subgid are ours; the first is podman's word for the same thing."""


def allocate(taken: Iterable[range], size: int, pool: Iterable[range]) -> range:
    """The lowest free ids. Raises `EngineError` where there are not so many in a row."""
    used = sorted(taken, key=lambda ids: ids.start)
    for ids in pool:
        start = ids.start
        for other in used:
            if other.stop <= start or other.start >= ids.stop:
                continue
            if other.start - start >= size:
                break
            start = max(start, other.stop)
        if ids.stop - start >= size:
            return range(start, start + size)
    raise EngineError(
        f"there are no {size} user ids left for one more container",
        hint="remove containers, or share the host's ids: --userns host",
    )


def pool(subuid: str, subgid: str, seed: str = "") -> list[range]:
    """What /etc/subuid and /etc/subgid give us alike, else what nobody uses.

    That begins somewhere in its middle, by `seed`: engines that know nothing of each other seldom meet there.
    """
    uids, gids = _ranges(subuid), _ranges(subgid)
    common = [ids for ids in uids if ids in gids]
    middle = UNUSED.start + zlib.crc32(seed.encode()) % (len(UNUSED) // SIZE) * SIZE
    return common or [range(middle, UNUSED.stop), range(UNUSED.start, middle)]


def _ranges(text: str) -> list[range]:
    found: dict[str, list[range]] = {}
    for line in text.splitlines():
        name, _, rest = line.strip().partition(":")
        start, _, count = rest.partition(":")
        if name in _OWNERS and start.isdecimal() and count.isdecimal():
            found.setdefault(name, []).append(range(int(start), int(start) + int(count)))
    return next((found[name] for name in _OWNERS if name in found), [])


def wanted(userns: str, privileged: bool) -> int:
    """How many ids of its own `--userns` asks for; 0 is none. Raises `InvalidInput`."""
    if userns == "host" or (privileged and not userns) or userns.startswith("container:"):
        return 0
    if userns in ("", "private", "auto"):
        return SIZE
    mode, _, rest = userns.partition(":")
    key, _, number = rest.partition("=")
    if mode == "auto" and key == "size" and number.isdecimal() and 1 <= int(number[:10]) <= _MOST:
        return int(number)
    if mode in ("keep-id", "nomap"):
        raise InvalidInput(f"--userns {mode} is for users who are not root", hint="host, private or auto:size=N")
    raise InvalidInput(f"--userns {userns!r} is not known", hint="host, private, auto, auto:size=N or container:NAME")
