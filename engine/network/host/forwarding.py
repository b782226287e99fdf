"""The host as a router: switched on when the first bridge needs it, and back when it was our doing.

The note says what we have changed. It lies in the run folder, so that a reboot forgets it together with the settings:

    {"ipv4": true, "ipv6": true, "accept_ra": ["eth0"]}
"""

import json
from contextlib import suppress
from typing import Final, NamedTuple

from engine.network.host import routers, sysctls
from engine.state import files

IPV4: Final = "ipv4/ip_forward"
IPV6: Final = "ipv6/conf/all/forwarding"


class _Changed(NamedTuple):
    """What of the host is as it is because of us."""

    ipv4: bool = False
    ipv6: bool = False
    accept_ra: tuple[str, ...] = ()
    """Links whose `accept_ra` was 1 and is 2."""


class Forwarding:
    """What one engine has done about it; `table` is the name of its own table of rules."""

    def __init__(self, note_path: str, table: str = "quarterdeck") -> None:
        self._path = note_path
        self._table = table

    @property
    def ours(self) -> bool:
        """Whether this host forwards because of us: then whatever is not of ours must not be forwarded."""
        changed = self._read()
        return changed.ipv4 or changed.ipv6

    def enable(self, ipv6: bool = False) -> None:
        """Have the host forward IPv4, and IPv6 if asked. Raises `MissingFeature`, OSError."""
        if sysctls.read(IPV4) == "0":
            self._note(self._read()._replace(ipv4=True))
            sysctls.ensure(IPV4, "1")
        if ipv6 and sysctls.read(IPV6) == "0":
            self._enable_ipv6()

    def _enable_ipv6(self) -> None:
        """A router listens to other routers only where `accept_ra` is 2, and forgets at once what it heard elsewhere.

        So the links that have their routes from a router's advertisements are told first to go on listening.
        """
        before = self._read()
        links = routers.links_that_listen()
        self._note(before._replace(ipv6=True, accept_ra=tuple(sorted({*before.accept_ra, *links}))))
        for link in links:
            sysctls.ensure(sysctls.link("ipv6", link, "accept_ra"), "2")
        sysctls.ensure(IPV6, "1")

    def give_back(self) -> bool:
        """Set back what we had set; False where it has to stay. Call it when our own bridges are gone.

        It stays while there is a bridge of anybody's, or another engine's table of rules: they came while the host
        forwarded, found nothing to switch on, and would be cut off. The note stays as well, so that a later call
        can do it. What somebody has switched off meanwhile is left alone.
        """
        changed = self._read()
        if changed == _Changed():
            return True
        if routers.are_needed(self._table):
            return False
        _set_back(changed)
        self._note(_Changed())
        return True

    def _read(self) -> _Changed:
        """What the note says; a broken one says nothing, and then nothing is set back."""
        with suppress(ValueError, TypeError, AttributeError):
            note = json.loads(files.read(self._path, limit=1 << 16) or b"{}")
            links = tuple(link for link in map(str, note.get("accept_ra", ())) if sysctls.is_link(link))
            return _Changed(bool(note.get("ipv4")), bool(note.get("ipv6")), links)
        return _Changed()

    def _note(self, changed: _Changed) -> None:
        """Written before the change itself: a crash in between leaves a note of what is not so, which does no harm."""
        files.replace(self._path, json.dumps(changed._asdict()).encode(), durable=False)


def _set_back(changed: _Changed) -> None:
    """In the reverse order, so that advertisements are heard all the time."""
    if changed.ipv6 and sysctls.read(IPV6) == "1":
        sysctls.ensure(IPV6, "0")
    for link in changed.accept_ra:
        path = sysctls.link("ipv6", link, "accept_ra")
        if sysctls.read(path) == "2":
            sysctls.ensure(path, "1")
    if changed.ipv4 and sysctls.read(IPV4) == "1":
        sysctls.ensure(IPV4, "0")
