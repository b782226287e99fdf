"""resolv.conf: the host's, read; a container's, written.

Source: resolv.conf(5).
"""

import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from engine.state import files

HOST: Final = "/etc/resolv.conf"
NAMESERVERS_MAX: Final = 3
"""MAXNS of resolv.h: what the C library asks at most."""
_BYTES_MAX: Final = 1 << 16
_WORDS_MAX: Final = 64
_NDOTS: Final = "ndots:"
OWN_OPTIONS: Final = ("ndots:0",)
"""With our resolver: the name of a container is asked for as it is, before any search domain is put behind it."""


class Configuration(NamedTuple):
    """What a resolver is told."""

    nameservers: tuple[str, ...] = ()
    """Addresses, of IPv6 perhaps with a zone: fe80::1%eth0."""
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def reachable(self) -> tuple[str, ...]:
        """Those that can be asked from elsewhere than the host itself."""
        return tuple(address for address in self.nameservers if not is_private_to_host(address))


def parse(text: str) -> Configuration:
    """What is not understood is passed over, as the C library does; of `search` and `domain` the last one counts."""
    nameservers: list[str] = []
    search: Sequence[str] = ()
    options: list[str] = []
    for line in text.splitlines():
        key, *words = line.split() or [""]
        if key == "nameserver" and words and is_address(words[0]):
            nameservers.append(words[0])
        elif key in ("search", "domain"):
            search = words
        elif key == "options":
            options += words
    return Configuration(
        tuple(dict.fromkeys(nameservers))[:NAMESERVERS_MAX],
        tuple(filter(_is_word, search))[:_WORDS_MAX],
        tuple(filter(_is_word, options))[:_WORDS_MAX],
    )


def text(nameservers: Sequence[str], search: Sequence[str] = (), options: Sequence[str] = ()) -> str:
    """A file that says so."""
    lines = [f"nameserver {address}" for address in nameservers]
    if search:
        lines.append(f"search {' '.join(search)}")
    if options:
        lines.append(f"options {' '.join(options)}")
    return "\n".join(lines) + "\n"


def with_own_options(options: Sequence[str]) -> tuple[str, ...]:
    """The options for a container that asks our resolver; what an operator says of dots goes first."""
    return tuple(options) if any(option.startswith(_NDOTS) for option in options) else (*options, *OWN_OPTIONS)


def is_address(word: str) -> bool:
    """An address that a name server may have."""
    with suppress(ValueError):
        return not ipaddress.ip_address(word).is_multicast and word.isprintable()
    return False


def is_private_to_host(address: str) -> bool:
    """Whether a container would find itself there (127.0.0.53 of systemd-resolved), or nobody (one of a link)."""
    found = ipaddress.ip_address(address)
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_loopback or found.is_unspecified or "%" in address


def _is_word(word: str) -> bool:
    return word.isascii() and word.isprintable() and len(word) < 256 and word[0] not in "#;"


class Host:
    """The host's resolv.conf, read again when it has changed."""

    def __init__(self, path: str = HOST) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._read = Configuration()

    def configuration(self) -> Configuration:
        """What it says now; nothing where there is none, or none that can be read."""
        seen = self._identity()
        if seen != self._seen:
            self._seen, self._read = seen, read(self._path)
        return self._read

    def nameservers(self) -> tuple[str, ...]:
        """Whom the host asks: its own 127.0.0.1 where nothing is said, as the C library does."""
        return self.configuration().nameservers or ("127.0.0.1",)

    def _identity(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def read(path: str) -> Configuration:
    """One file; empty where it is missing, too long or cannot be read."""
    try:
        data = files.read(path, limit=_BYTES_MAX)
    except (OSError, ValueError):
        return Configuration()
    return parse(data.decode(errors="replace")) if data is not None else Configuration()
