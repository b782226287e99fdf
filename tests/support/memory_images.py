"""The part of the engine in memory that concerns images; see `support.memory_engine`."""

import os
from typing import Any

from engine import errors, model
from engine.client import Progress

ID = "sha256:" + "b" * 64


class MemoryImages:
    """What is read from a descriptor is remembered, what is written to one is the words `an archive`."""

    calls: list[tuple[Any, ...]]
    failures: dict[str, errors.EngineError]
    local: list[model.Image]
    pulled: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    usage: dict[str, Any]

    def images(self) -> tuple[model.Image, ...]:
        return tuple(self.local)

    def remove_image(self, name: str, *, force: bool = False) -> dict[str, Any]:
        self._note("remove_image", name, force)
        return {"untagged": [name], "deleted": ["sha256:" + "d" * 64]}

    def build_base(self, progress: Progress | None = None, *, rebuild: bool = False) -> str:
        self._note("build_base", rebuild)
        return ID

    def tag(self, name: str, target: str) -> None:
        self._note("tag", name, target)

    def image_history(self, name: str) -> list[dict[str, Any]]:
        self._note("image_history", name)
        return self.steps

    def disk_usage(self) -> dict[str, Any]:
        return self.usage

    def prune_images(self, *, everything: bool = False, filters: dict[str, list[str]] | None = None) -> dict[str, Any]:
        self._note("prune_images", everything, filters)
        return {"images": [ID], "reclaimed_bytes": 3_000_000}

    def pull(
        self,
        name: str,
        progress: Progress | None = None,
        *,
        platform: str = "",
        all_tags: bool = False,
        tls_verify: bool | None = None,
        cert_dir: str = "",
    ) -> list[dict[str, Any]]:
        self._note("pull", name, platform, all_tags, tls_verify, cert_dir)
        return self.pulled

    def push(
        self,
        name: str,
        target: str = "",
        progress: Progress | None = None,
        *,
        compression: str = "",
        level: int | None = None,
        everything: bool = False,
        tls_verify: bool | None = None,
        cert_dir: str = "",
    ) -> dict[str, Any]:
        self._note("push", name, target, compression, level, tls_verify)
        return {"name": target or name, "digest": ID, "size_bytes": 1}

    def commit(
        self,
        ref: str,
        name: str = "",
        progress: Progress | None = None,
        *,
        author: str = "",
        message: str = "",
        changes: tuple[str, ...] = (),
        pause: bool = True,
        compression: str = "",
        level: int | None = None,
    ) -> str:
        self._note("commit", ref, name, author, message, changes, pause, compression, level)
        return ID

    def save(
        self,
        names: tuple[str, ...],
        fd: int,
        progress: Progress | None = None,
        *,
        kind: str = "docker-archive",
        compression: str = "",
        level: int | None = None,
    ) -> None:
        self._note("save", names, kind, compression, level)
        os.write(fd, b"an archive")

    def load(self, fd: int, progress: Progress | None = None) -> list[dict[str, Any]]:
        self._note("load", os.read(fd, 4096))
        return [{"id": ID, "names": ["localhost/a:latest"]}, {"id": ID, "names": []}]

    def import_image(
        self,
        fd: int,
        name: str = "",
        progress: Progress | None = None,
        *,
        message: str = "",
        changes: tuple[str, ...] = (),
        platform: str = "",
    ) -> str:
        self._note("import_image", os.read(fd, 4096), name, message, changes, platform)
        return ID

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        failure = self.failures.get(str(call[0]))
        if failure is not None:
            raise failure
