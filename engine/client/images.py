"""The calls that concern images."""

from typing import TYPE_CHECKING, Any

from engine.client.transport import Progress, Transport, surroundings

if TYPE_CHECKING:
    from engine import model


class ImageCalls(Transport):
    """Part of `Engine`. What is fetched or sent goes by the environment of the process that asks for it."""

    def images(self) -> "tuple[model.Image, ...]":
        """Images of the local store, newest first."""
        from engine import model

        return self._get("images", {}, tuple[model.Image, ...])

    def remove_image(self, name: str, *, force: bool = False) -> dict[str, Any]:
        """Remove a name, and the image with its last name: `{"untagged": [..], "deleted": [..]}`."""
        result: dict[str, Any] = self._call("remove_image", {"name": name, "force": force})
        return result

    def build_base(self, progress: Progress | None = None, *, rebuild: bool = False) -> str:
        """Assemble localhost/base:latest from the host's programs; the image's id. Kept where it exists."""
        return str(self._call("build_base", {"rebuild": rebuild}, progress)["id"])

    def tag(self, name: str, target: str) -> None:
        """Give an image one more name, which another image loses if it has it."""
        self._call("tag", {"name": name, "target": target})

    def image_history(self, name: str) -> list[dict[str, Any]]:
        """How an image came to be, newest step first: `{"id", "created_ns", "created_by", "size_bytes", "comment"}`."""
        result: list[dict[str, Any]] = self._call("image_history", {"name": name})
        return result

    def disk_usage(self) -> dict[str, Any]:
        """What images, containers and volumes take on disk, and how much of it nobody needs."""
        result: dict[str, Any] = self._call("disk_usage", {})
        return result

    def prune_images(self, *, everything: bool = False, filters: dict[str, list[str]] | None = None) -> dict[str, Any]:
        """Remove images without a name, or `everything` that no container uses: `{"images", "reclaimed_bytes"}`."""
        result: dict[str, Any] = self._call("prune_images", {"all": everything, "filters": filters or {}})
        return result

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
        """Fetch an image from its registry, or every tag of it: `[{"id", "name", "digest", "status"}]`.

        `status` is downloaded or current.
        """
        params = {"name": name, "platform": platform, "all_tags": all_tags}
        tls = {"tls_verify": tls_verify, "cert_dir": cert_dir or None, "environment": surroundings()}
        result: list[dict[str, Any]] = self._call("pull", {**params, **tls}, progress)
        return result

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
        """Send an image to the registry of its name, or of another: `{"name", "digest", "size"}`: the manifest.

        `compression` is gzip, zstd or none, for layers that are stored without, or `everything`; empty is gzip.
        """
        params = {"name": name, "target": target, "everything": everything}
        how = {"compression": compression, "level": level}
        tls = {"tls_verify": tls_verify, "cert_dir": cert_dir or None, "environment": surroundings()}
        result: dict[str, Any] = self._call("push", {**params, **how, **tls}, progress)
        return result

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
        """Make an image of a container's changes over its image's layers; its id.

        `changes` are instructions as a Dockerfile has them; `pause` freezes the container meanwhile.
        """
        params = {"ref": ref, "name": name, "author": author, "message": message, "changes": changes, "pause": pause}
        more = {"compression": compression, "level": level, "environment": surroundings()}
        return str(self._call("commit", {**params, **more}, progress)["id"])

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
        """Write images into an archive, which goes to a descriptor; `kind` is docker-archive or oci-archive."""
        params = {"names": names, "kind": kind, "compression": compression, "level": level}
        self._call("save", {**params, "environment": surroundings()}, progress, fds=(fd,))

    def load(self, fd: int, progress: Progress | None = None) -> list[dict[str, Any]]:
        """Take the images of an archive, which comes from a descriptor: `[{"id", "names"}]`."""
        result: list[dict[str, Any]] = self._call("load", {"environment": surroundings()}, progress, fds=(fd,))
        return result

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
        """Make an image of one layer from the tar archive of a root file system, from a descriptor; its id."""
        params = {"name": name, "message": message, "changes": changes, "platform": platform}
        return str(self._call("import_image", {**params, "environment": surroundings()}, progress, fds=(fd,))["id"])
