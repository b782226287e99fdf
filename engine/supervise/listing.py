"""Which containers a list shows: Docker's filters."""

from collections.abc import Iterable

from engine import errors, model
from engine.supervise import published
from engine.supervise.registry import ACTIVE, Live, Registry

KEYS = ("id", "name", "label", "status", "exited", "ancestor", "before", "since", *published.KEYS)


def select(registry: Registry, *, everything: bool, filters: dict[str, list[str]]) -> list[model.Container]:
    """Containers, newest first. Values of one key are alternatives (all of them, for labels); keys must all match."""
    for key in filters:
        if key not in KEYS:
            raise errors.InvalidInput(f"there is no filter {key[:32]!r}", hint=f"there are: {', '.join(KEYS)}")
    shown = [live for live in registry if everything or _asks_for_stopped(filters) or live.state.status in ACTIVE]
    bounds: dict[str, int] = {key: _created(registry, filters[key]) for key in filters if key in ("before", "since")}
    found = [live for live in shown if _matches(live, filters, bounds)]
    return [live.container for live in sorted(found, key=lambda live: live.container.created_ns, reverse=True)]


def _asks_for_stopped(filters: dict[str, list[str]]) -> bool:
    return "status" in filters or "exited" in filters


def _created(registry: Registry, refs: Iterable[str]) -> int:
    """When the last of these was made."""
    return max(registry.find(ref).container.created_ns for ref in refs)


def _matches(live: Live, filters: dict[str, list[str]], bounds: dict[str, int]) -> bool:
    created = live.container.created_ns
    if created >= bounds.get("before", created + 1) or created <= bounds.get("since", created - 1):
        return False
    for key, values in filters.items():
        if key in bounds:
            continue
        quantor = all if key == "label" else any
        if not quantor(_matches_one(live, key, value) for value in values):
            return False
    return True


def _matches_one(live: Live, key: str, value: str) -> bool:
    match key:
        case "id":
            return live.id.startswith(value)
        case "name":
            return value.lstrip("/") in live.name
        case "status":
            return live.state.status == value
        case "exited":
            return live.state.status == "exited" and str(live.state.exit_code) == value
        case "ancestor":
            return value in (live.container.image, live.container.image_id, live.container.image.partition(":")[0])
        case "publish" | "expose" | "network":
            return published.matches(live.container, key, value)
        case _:
            name, equals, wanted = value.partition("=")
            labels = live.options.labels
            return name in labels and (not equals or labels[name] == wanted)
