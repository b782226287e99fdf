"""The calls that concern volumes."""

from typing import TYPE_CHECKING, Any

from engine.client.transport import Transport

if TYPE_CHECKING:
    from engine import model


class VolumeCalls(Transport):
    """Part of `Engine`."""

    def volumes(self) -> "tuple[model.Volume, ...]":
        """Every volume, by name, with the containers that have it."""
        from engine import model

        return self._get("volumes", {}, tuple[model.Volume, ...])

    def create_volume(self, name: str = "", labels: dict[str, str] | None = None) -> str:
        """Make an empty volume, where it is not there already; its name, which is made up for an empty one."""
        return str(self._call("create_volume", {"name": name, "labels": labels or {}})["name"])

    def remove_volume(self, name: str, *, force: bool = False) -> None:
        """Remove it with its files; refused where a container has it. With `force` one that is missing is no error."""
        self._call("remove_volume", {"name": name, "force": force})

    def prune_volumes(self, *, everything: bool = False) -> dict[str, Any]:
        """Remove volumes that no container has, those without a name alone unless `everything`:
        `{"volumes": [names], "reclaimed_bytes": n}`."""
        result: dict[str, Any] = self._call("prune_volumes", {"all": everything})
        return result
