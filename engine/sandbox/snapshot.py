"""The file systems of containers: an image's layers below, a writable layer of its own on top.

    ROOT/containers/ID/upper  work      the writable layer, and overlay's workshop
    ROOT/containers/ID/rootfs           a whole copy instead, where there is no overlay
    ROOT/scratch/ID/upper  work         where ROOT cannot hold an upper layer: a tmpfs, mounted while containers need it
    RUN/storage.json                    which of the three it is: found out once for each boot

Nothing is mounted here but that tmpfs: each container mounts its root in its own mount namespace.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Final

from engine.errors import EngineError, NotFound
from engine.kernel import proc, syscalls
from engine.layers import changes, copying
from engine.model.process import Change
from engine.sandbox import storage
from engine.sandbox.storage import Storage
from engine.state import files, tree
from engine.state.paths import Paths

LAYERS_MAX: Final = 200
"""mount(2) takes one page of options, of which each layer takes up to 18 bytes (/proc/self/fd/NNN and a colon)."""


ROOT: Final = (0o755, 0, 0)
"""Mode, uid and gid of a `/` of which an image says nothing: programs of any user look into it."""

_SMALL: Final = 200
"""Entries of a layer that are removed or measured at once, in about a millisecond."""


class Snapshots:
    """The writable layers of one engine."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._scratch = f"{paths.root}/scratch"
        self._found: Storage | None = None

    @property
    def kind(self) -> str:
        """`overlay`, `overlay on tmpfs` or `copy`."""
        return self._storage().kind

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not as it should be, and what follows."""
        return self._storage().warnings

    def prepare(self, container_id: str, lowers: Sequence[str], root: Sequence[int] = ROOT) -> None:
        """Make the writable layer of a new container. Copies the whole image where there is no overlay.

        `root`: mode, uid and gid of its `/`.
        """
        _check_count(lowers)
        os.makedirs(self._paths.container(container_id), mode=0o700, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(self.remove, container_id)
            if self.kind == storage.COPY:
                self._copy(container_id, lowers)
                _dress(self._copy_path(container_id), root)
            else:
                self._make_layer(container_id)
                _dress(f"{self._layer_folder(container_id)}/upper", root)
            undo.pop_all()

    def root(
        self, container_id: str, lowers: Sequence[str], *, volatile: bool = False, idmap: bool = False
    ) -> dict[str, Any]:
        """The root as the sandbox takes it.

        `{"kind": "overlay", "lower": [top first], "upper", "work", "options"}` or `{"kind": "directory", "path"}`.
        `volatile`: unmounting writes nothing to disk, and the layer cannot be mounted again: for `--rm`. `idmap`: its
        files show the ids of the container's user namespace for those on disk.
        """
        _check_count(lowers)
        common = {"make_sources": True, "idmap": idmap}
        if os.path.isdir(copy := self._copy_path(container_id)):
            return {"kind": "directory", "path": copy, **common}
        folder = self._layer_folder(container_id)
        if not os.path.isdir(f"{folder}/upper"):
            # A tmpfs is empty after a reboot, of which the warning spoke.
            self._make_layer(container_id)
        options = [*storage.OPTIONS, *(["volatile"] if volatile else [])]
        return {
            "kind": "overlay",
            "lower": list(lowers),
            "upper": f"{folder}/upper",
            "work": f"{folder}/work",
            "options": options,
            **common,
        }

    def upper(self, container_id: str) -> str | None:
        """The directory of what the container has written; None where it has a whole root instead."""
        folder = f"{self._layer_folder(container_id)}/upper"
        return folder if os.path.isdir(folder) else None

    def written(self, container_id: str) -> tuple[str, bool]:
        """The directory of what the container has written, and whether that is a whole root. Raises NotFound."""
        upper = self.upper(container_id)
        if upper is not None:
            return upper, False
        if os.path.isdir(copy := self._copy_path(container_id)):
            return copy, True
        raise NotFound(f"the files of container {container_id[:12]} are gone", hint="they are after a reboot: qd info")

    def is_small(self, container_id: str) -> bool:
        """Whether to remove or measure it is a matter of a millisecond; a copied root never is."""
        return self.kind != storage.COPY and tree.has_at_most(self._layer_folder(container_id), _SMALL)

    def remove(self, container_id: str) -> None:
        """Remove what a container has written. Gone already is success; failures are raised together at the end."""
        folder = self._paths.container(container_id)
        steps: list[Callable[[], object]] = [
            lambda: tree.remove(f"{folder}/upper"),
            lambda: tree.remove(f"{folder}/work"),
            lambda: tree.remove(f"{folder}/rootfs"),
            lambda: tree.remove(f"{folder}/rootfs.json"),
            lambda: tree.remove(f"{self._scratch}/{container_id}"),
            self.close,
        ]
        _run_all(steps, f"the files of container {container_id[:12]} could not be removed")

    def changes(self, container_id: str, lowers: Sequence[str]) -> list[Change]:
        """What differs from the image, sorted by path."""
        upper = self.upper(container_id)
        if upper is not None:
            return changes.compare(upper, lowers, complete=False)
        copy = self._copy_path(container_id)
        settled = self.settled_ns(container_id)
        return changes.compare(copy, lowers, complete=True, settled_ns=settled) if os.path.isdir(copy) else []

    def settled_ns(self, container_id: str) -> int:
        """When its root had been copied: what has not changed since need not be read. 0 where nothing was."""
        try:
            return os.stat(f"{self._paths.container(container_id)}/rootfs.json").st_mtime_ns
        except FileNotFoundError:
            return 0

    def size(self, container_id: str) -> int:
        """Bytes of files in the writable layer; of a copied root, by how much it has grown."""
        upper = self.upper(container_id)
        if upper is not None:
            return tree.size(upper)
        copied = files.read(f"{self._paths.container(container_id)}/rootfs.json")
        before = int(json.loads(copied)["copied_bytes"]) if copied else 0
        return max(0, tree.size(self._copy_path(container_id)) - before)

    def close(self) -> None:
        """Unmount the tmpfs where no container needs it any more."""
        if not self._is_scratch_mounted() or os.listdir(self._scratch):
            return
        syscalls.umount(self._scratch)
        with suppress(FileNotFoundError):
            os.rmdir(self._scratch)

    def _storage(self) -> Storage:
        """Found out once; a finding holds for this boot and this file system, and a poor one is tried again."""
        if self._found is None:
            os.makedirs(self._paths.root, mode=0o700, exist_ok=True)
            key = {"version": 1, "boot_id": proc.read_boot_id(), "root": self._paths.root}
            key["device"] = os.stat(self._paths.root).st_dev
            self._found = self._recall(key) or self._try(key)
        return self._found

    def _recall(self, key: dict[str, Any]) -> Storage | None:
        try:
            known = json.loads(files.read(f"{self._paths.run}/storage.json") or b"{}")
            if {name: known[name] for name in key} == key:
                return Storage(str(known["kind"]), tuple(map(str, known["warnings"])))
        except (ValueError, KeyError, TypeError):
            pass  # not there, or not ours: found out again
        return None

    def _try(self, key: dict[str, Any]) -> Storage:
        found = storage.find_out(self._paths.root)
        if found.kind != storage.COPY:
            os.makedirs(self._paths.run, mode=0o700, exist_ok=True)
            data = json.dumps(key | found._asdict()).encode()
            files.replace(f"{self._paths.run}/storage.json", data, durable=False)
        return found

    def _layer_folder(self, container_id: str) -> str:
        if self.kind == storage.TMPFS:
            return f"{self._scratch}/{container_id}"
        return self._paths.container(container_id)

    def _copy_path(self, container_id: str) -> str:
        return f"{self._paths.container(container_id)}/rootfs"

    def _make_layer(self, container_id: str) -> None:
        """The upper layer last: where it is, its workshop is. Its attributes are those of the container's `/`."""
        if self.kind == storage.TMPFS and not self._is_scratch_mounted():
            os.makedirs(self._scratch, mode=0o700, exist_ok=True)
            storage.mount_tmpfs(self._scratch)
        folder = self._layer_folder(container_id)
        os.makedirs(f"{folder}/work", mode=0o700, exist_ok=True)
        os.makedirs(f"{folder}/upper", exist_ok=True)
        _dress(f"{folder}/upper", ROOT)

    def _copy(self, container_id: str, lowers: Sequence[str]) -> None:
        copied = copying.copy(lowers, self._copy_path(container_id))
        record = json.dumps({"version": 1, "copied_bytes": copied}).encode()
        files.replace(f"{self._paths.container(container_id)}/rootfs.json", record, durable=False)

    def _is_scratch_mounted(self) -> bool:
        try:
            return os.stat(self._scratch).st_dev != os.stat(self._paths.root).st_dev
        except FileNotFoundError:
            return False


def _check_count(lowers: Sequence[str]) -> None:
    if len(lowers) > LAYERS_MAX:
        raise EngineError(
            f"the image has {len(lowers)} layers, and {LAYERS_MAX} are the most that can be mounted",
            hint="build it with fewer layers, or squash them",
        )


def _dress(folder: str, root: Sequence[int]) -> None:
    mode, uid, gid = root
    os.chown(folder, uid, gid)
    os.chmod(folder, mode)


def _run_all(steps: Sequence[Callable[[], object]], message: str) -> None:
    failures: list[Exception] = []
    for step in steps:
        try:
            step()
        except (OSError, ExceptionGroup) as err:
            failures.append(err)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup(message, failures)
