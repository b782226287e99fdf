"""`Engine`: everything the engine does, as blocking calls that any thread may make."""

from engine.client.engine import Engine
from engine.client.transport import Progress

__all__ = ["Engine", "Progress"]
