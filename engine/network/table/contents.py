"""What has been put into the sets, by whom, and what differs from before. Pure."""

from collections.abc import Iterable, Iterator

from engine.network.table.elements import Elements, Item, Place, elements
from engine.network.values import Bridge, Plug

Key = tuple[object, ...]


class Contents:
    """Bridges, plugs and published ports with their places; a copy notes what is changed in it.

    A place belongs to whoever has taken it last: an address or a port may be given to the next container before the
    former one is removed, which then must not take it away.
    """

    def __init__(self) -> None:
        self._items: dict[Key, tuple[Item, Elements]] = {}
        self._places: dict[Place, tuple[Key, str]] = {}
        self._touched: dict[Place, None] = {}

    def __len__(self) -> int:
        return len(self._items)

    def copy(self) -> "Contents":
        """The same, with nothing noted yet."""
        other = Contents()
        other._items = self._items.copy()
        other._places = self._places.copy()
        return other

    def bridges(self) -> Iterator[Bridge]:
        """Those that have rules."""
        return (item for item, _ in self._items.values() if isinstance(item, Bridge))

    def on(self, bridge: str) -> list[Item]:
        """A bridge by its name, and all that is on it."""
        return [item for item, _ in self._items.values() if bridge == _bridge_of(item)]

    def put(self, items: Iterable[Item]) -> None:
        """Add these, or replace those of the same name; one of which nothing is said is left out.

        Raises: InvalidInput.
        """
        for item in items:
            new = elements(item)
            self.drop((item,))
            if not new:
                continue
            self._items[_key(item)] = (item, new)
            for place, value in new.items():
                self._places[place] = (_key(item), value)
                self._touched[place] = None

    def drop(self, items: Iterable[Item]) -> None:
        """Without these; a missing one is no error."""
        for item in items:
            _, places = self._items.pop(_key(item), (item, {}))
            for place in places:
                if self._places[place][0] == _key(item):
                    del self._places[place]
                    self._touched[place] = None

    def since(self, before: "Contents") -> tuple[Elements, Elements]:
        """What goes and what comes, in this order, to make these of what was copied."""
        changed = [place for place in self._touched if before._value(place) != self._value(place)]
        gone = {place: "" for place in changed if before._value(place) is not None}
        new = {place: value for place in changed if (value := self._value(place)) is not None}
        return gone, new

    def everything(self) -> Elements:
        """What comes, to make these of nothing."""
        return {place: value for place, (_, value) in self._places.items()}

    def _value(self, place: Place) -> str | None:
        found = self._places.get(place)
        return None if found is None else found[1]


def _key(item: Item) -> Key:
    """Bridges and plugs are known by their links' names; a port by all that is said of it."""
    if isinstance(item, Bridge):
        return ("bridge", item.name)
    return ("plug", item.link) if isinstance(item, Plug) else item


def _bridge_of(item: Item) -> str:
    return item.name if isinstance(item, Bridge) else item.bridge
