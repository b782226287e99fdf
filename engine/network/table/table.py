"""Our rules in the kernel: what is there, and each change to it as one transaction."""

import errno
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from engine.errors import EngineError, MissingFeature
from engine.network.table import rules
from engine.network.table.contents import Contents
from engine.network.table.elements import Elements, Item, commands, plain
from engine.network.table.libnftables import Nft
from engine.network.table.transaction import Channel
from engine.network.values import Bridge, Forward, Plug

_DIFFERS: Final = frozenset({errno.ENOENT, errno.EEXIST, errno.EBUSY})
"""The kernel has not what we have put there: somebody has flushed it."""


class Table:
    """The tables of one engine, in both families.

    What was put in is remembered, so that a change says only what differs; after a start of the process `restore` says
    it first. Whatever the kernel has lost meanwhile (`nft flush ruleset`) comes back with the next change.
    """

    def __init__(self, name: str) -> None:
        """The library is opened by the first change, in the network namespace of that moment."""
        self._name = plain(name)
        self._nft: Nft | None = None
        self._channel: Channel | None = None
        self._contents = Contents()
        self._guarded = False

    def open_bridge(self, bridge: Bridge) -> None:
        """Rules for a bridge, which need not be there yet; the tables are made with the first. Idempotent."""
        self._change(put=(bridge,))

    def close_bridge(self, name: str) -> None:
        """No rules for it or for what is on it; with the last bridge the tables go. A missing one is no error."""
        contents = self._contents.copy()
        contents.drop(self._contents.on(name))
        if any(contents.bridges()):
            self._settle(contents)
        else:
            self.delete()

    def add(self, plugs: Sequence[Plug], forwards: Sequence[Forward]) -> None:
        """Best before the links are there, so that nothing is sent without rules. Raises: InvalidInput, EngineError."""
        self._change(put=(*plugs, *forwards))

    def remove(self, plugs: Sequence[Plug], forwards: Sequence[Forward]) -> None:
        """What is missing is no error; a port that another has been given since stays that one's."""
        self._change(drop=(*plugs, *forwards))

    def restore(self, bridges: Sequence[Bridge], plugs: Sequence[Plug], forwards: Sequence[Forward]) -> None:
        """The whole truth: whatever else is in our tables is not there afterwards. Without bridges there are none."""
        if not bridges:
            self.delete()
            return
        contents = Contents()
        contents.put((*bridges, *plugs, *forwards))
        self._replace(contents)

    def guard(self, on: bool) -> None:
        """While on, nothing is forwarded between links of hardware: the host would not do so but for us."""
        before, self._guarded = self._guarded, on
        if on == before or not self._contents:
            return
        try:
            self._repaired(lambda: self._run(rules.guard(self._name, on)), self._contents)
        except BaseException:
            self._guarded = before
            raise

    def delete(self) -> None:
        """No tables; missing ones are no error, and neither is a host on which we could have made none."""
        try:
            self._run(rules.gone(self._name))
        except MissingFeature:
            if self._contents:
                raise
        self._contents = Contents()

    def close(self) -> None:
        """The rules stay; the sockets are closed."""
        nft, self._nft = self._nft, None
        if nft is not None:
            nft.close()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _change(self, *, put: Iterable[Item] = (), drop: Iterable[Item] = ()) -> None:
        contents = self._contents.copy()
        contents.drop(drop)
        contents.put(put)
        self._settle(contents)

    def _settle(self, contents: Contents) -> None:
        """From what is there to these."""
        if not self._contents and contents:
            self._replace(contents)
        else:
            gone, new = contents.since(self._contents)
            self._repaired(lambda: self._exchange(gone, new), contents)

    def _repaired(self, change: Callable[[], None], contents: Contents) -> None:
        """A change that leads to those contents; where the kernel has not what we have put there, all is put anew."""
        try:
            change()
        except EngineError as err:
            if err.errno not in _DIFFERS:
                raise
            self._replace(contents)
        self._contents = contents

    def _replace(self, contents: Contents) -> None:
        guard = rules.guard(self._name, on=True) if self._guarded else ""
        self._run(rules.tables(self._name) + commands("add", self._name, contents.everything()) + guard)
        self._contents = contents

    def _exchange(self, gone: Elements, new: Elements) -> None:
        if self._channel is None:
            self._channel = Channel()
        self._channel.run(self._name, (("delete", gone), ("add", new)))

    def _run(self, commands: str) -> None:
        if self._nft is None:
            self._nft = Nft()
        self._nft.run(commands)
