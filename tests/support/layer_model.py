"""What a stack of layers shows, worked out on dictionaries as the OCI specification has it: a plain second opinion.

No links: a path means what it says.
"""

from typing import NamedTuple

Node = tuple[str, int, int, bytes | None]
"""Kind (`-`, `d`, `p`), permissions, time in seconds, content."""
IMPLIED: Node = ("d", 0o755, 0, None)


class Refused(Exception):
    """The archive has something in a file."""


class Said(NamedTuple):
    """One member: `node` is what is to be made; None: a whiteout, or an opaque mark with `opaque`."""

    path: str
    node: Node | None
    opaque: bool = False


class _Layer:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.implied: set[str] = set()
        self.gone: set[str] = set()
        self.hidden: set[str] = set()
        """Directories with nothing of below in them."""

    def add(self, said: Said) -> None:
        for parent in _above(said.path) + ([said.path] if said.opaque else []):
            self._imply(parent)
        if said.opaque:
            self.hidden.add(said.path)
        elif said.node is None:
            self.gone.add(said.path)
        else:
            self._make(said.path, said.node)

    def _imply(self, path: str) -> None:
        if self.nodes.get(path, IMPLIED)[0] != "d":
            raise Refused(path)
        if path not in self.nodes:
            self.nodes[path] = IMPLIED
            self.implied.add(path)

    def _make(self, path: str, node: Node) -> None:
        before = self.nodes.get(path, node)
        if node[0] == "d" and before[0] != "d":
            self.hidden.add(path)
        if node[0] != "d":
            for inner in [inner for inner in self.nodes if path in _above(inner)]:
                del self.nodes[inner]
                self.implied.discard(inner)
        self.nodes[path] = node
        self.implied.discard(path)

    def lets_through(self, path: str) -> bool:
        """Whether this path of the layers below can be seen."""
        if any(self.nodes.get(part, IMPLIED)[0] != "d" or part in self.gone for part in [*_above(path), path]):
            return False
        return not any(part in self.hidden for part in _above(path))


def over(below: dict[str, Node], members: list[Said]) -> dict[str, Node]:
    """What a layer over these files shows. Raises Refused."""
    layer = _Layer()
    for said in members:
        layer.add(said)
    shown = {path: node for path, node in below.items() if layer.lets_through(path)}
    for path, node in layer.nodes.items():
        if path not in layer.implied or shown.get(path, ("-",))[0] != "d":
            shown[path] = node
    return shown


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
