"""`Engine`: everything the engine does, as blocking calls that any thread may make.

Commands and the dashboard use this class and `engine.model`, and nothing else of the engine. A container is named
by its name, its id or an unambiguous prefix of its id. Every method may raise an `EngineError`.

The model, and msgspec with it, is imported by the first method that returns a value of it: `run`, `exec` and their
like do not need it, and are a quarter quicker without.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from engine import connection, errors
from engine.connection import Connection
from engine.session import Attached, Executed
from engine.state.paths import Paths, from_environment
from engine.supervise.log import LogReader

if TYPE_CHECKING:
    from engine import model

T = TypeVar("T")
Progress = Callable[[dict[str, Any]], None]
"""Called with `{"step": words, "done": n, "total": n}`; n in bytes or items, total 0 where not known."""


class Engine:
    """A client of one engine; connects, and starts the supervisor, at the first call."""

    def __init__(
        self, paths: Paths | None = None, *, start: bool = True, on_warning: Callable[[str], None] = lambda _text: None
    ) -> None:
        self.paths = paths or from_environment()
        self._on_warning = on_warning
        """Called with what a user of this host should know, such as limits that have no effect here; told once each."""
        self._start = start
        self._local = threading.local()

    # --- the engine itself -------------------------------------------------------------------------------------

    def info(self) -> "model.Info":
        """What this engine can do on this host."""
        from engine import model

        return self._get("info", {}, model.Info)

    def overview(self) -> "model.Overview":
        """Every container, its state and its figures at one moment."""
        from engine import model

        return self._get("overview", {}, model.Overview)

    def events(
        self,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        filters: dict[str, list[str]] | None = None,
        follow: bool = False,
    ) -> "Iterator[model.Event]":
        """Events of the journal, then those that come while following, until `until_ns` or for ever."""
        import msgspec

        from engine import model

        params = {"since_ns": since_ns, "until_ns": until_ns, "filters": filters or {}, "follow": follow}
        own = self._connect()
        try:
            for event in own.stream("events", params):
                yield msgspec.convert(event, model.Event)
        finally:
            own.close()

    def prune(self) -> dict[str, Any]:
        """Remove stopped containers and unused layers: `{"containers": [ids], "images": [], "reclaimed_bytes": n}`."""
        result: dict[str, Any] = self._call("prune", {})
        return result

    # --- containers --------------------------------------------------------------------------------------------

    def create(self, options: "model.CreateOptions | dict[str, Any]", progress: Progress | None = None) -> str:
        """Make a container and return its id. The built-in base image is assembled where it is missing.

        A mapping has the fields of the value, those at their defaults may be absent; so for `execute`.
        """
        params = {"options": _plain(options)}
        return str(self._call("create", params, progress)["id"])

    def start(self, ref: str) -> None:
        """Start; a no-op where it runs."""
        self._call("start", {"ref": ref})

    def start_attached(
        self, ref: str, size: tuple[int, int] | None = None, meanwhile: Callable[[], None] | None = None
    ) -> Attached:
        """Start, attached from the first byte; `size` is (rows, columns) of the terminal.

        `meanwhile` is done while the container starts.
        """
        return self._attach("start", {"ref": ref, "attach": True, "size": size}, meanwhile)

    def attach(self, ref: str, size: tuple[int, int] | None = None) -> Attached:
        """Attach to a running container's own terminal or pipes."""
        return self._attach("attach", {"ref": ref, "size": size})

    def execute(self, ref: str, options: "model.ExecOptions | dict[str, Any]") -> Executed:
        """Start one more program in a running container."""
        own = self._connect()
        params = {"ref": ref, "options": _plain(options)}
        result = own.call("exec", params)
        return Executed(own, own.take_fds(), result)

    def stop(self, ref: str, timeout_seconds: int | None = None) -> None:
        """Stop signal, then SIGKILL after the timeout; a no-op where it does not run."""
        self._call("stop", {"ref": ref, "timeout_seconds": timeout_seconds})

    def restart(self, ref: str, timeout_seconds: int | None = None) -> None:
        """Stop where it runs, then start."""
        self._call("restart", {"ref": ref, "timeout_seconds": timeout_seconds})

    def kill(self, ref: str, signal: str = "KILL") -> None:
        """Send a signal to pid 1; `signal` is a name with or without SIG, or a number."""
        self._call("kill", {"ref": ref, "signal": signal})

    def pause(self, ref: str) -> None:
        """Freeze every process of it."""
        self._call("pause", {"ref": ref})

    def unpause(self, ref: str) -> None:
        """Thaw."""
        self._call("unpause", {"ref": ref})

    def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove it and its layer; `force` kills it first, `volumes` takes those along that have no name."""
        self._call("remove", {"ref": ref, "force": force, "volumes": volumes})

    def rename(self, ref: str, name: str) -> None:
        """Give it another name."""
        self._call("rename", {"ref": ref, "name": name})

    def update(
        self, ref: str, limits: "model.Limits | None" = None, restart: "model.RestartPolicy | None" = None
    ) -> None:
        """Change what is set in `limits` (None keeps the old value), in the kernel at once where it runs."""
        params = {"ref": ref, "limits": _plain(limits), "restart": _plain(restart)}
        self._call("update", params)

    def wait(self, ref: str) -> int:
        """Block until it is not running; its exit code."""
        own = self._connect()
        try:
            return int(own.call("wait", {"ref": ref})["exit_code"])
        finally:
            own.close()

    def containers(
        self, *, everything: bool = True, filters: dict[str, list[str]] | None = None
    ) -> "tuple[model.Container, ...]":
        """Containers, newest first; only running ones unless `everything`. Filters as `docker ps --filter`:
        id, name, label, status, exited, ancestor, before, since."""
        from engine import model

        params = {"all": everything, "filters": filters or {}}
        return self._get("containers", params, tuple[model.Container, ...])

    def container(self, ref: str) -> "model.Container":
        """One container."""
        from engine import model

        return self._get("container", {"ref": ref}, model.Container)

    def inspect(self, ref: str) -> dict[str, Any]:
        """Everything: `{"container": Container, "image": Image or None, "spec": OCI spec of the last run or None,
        "paths": {"upper", "log", "cgroup": ...}}`, all as JSON."""
        result: dict[str, Any] = self._call("inspect", {"ref": ref})
        return result

    def processes(self, ref: str) -> "tuple[model.Process, ...]":
        """The processes of a running container, pid 1 first."""
        from engine import model

        return self._get("top", {"ref": ref}, tuple[model.Process, ...])

    def stats(self, refs: tuple[str, ...] = ()) -> "tuple[model.Stats, ...]":
        """Figures of the named containers, or of all that run."""
        from engine import model

        return self._get("stats", {"refs": refs}, tuple[model.Stats, ...])

    def history(self, ref: str, seconds: int = 300) -> "model.Series":
        """The recent past of one container, a point a second."""
        from engine import model

        return self._get("history", {"ref": ref, "seconds": seconds}, model.Series)

    def changes(self, ref: str) -> "tuple[model.Change, ...]":
        """What its file system has that the image has not, sorted by path."""
        import msgspec

        from engine import model

        found: list[model.Change] = []
        self._call("diff", {"ref": ref}, lambda e: found.extend(msgspec.convert(e["changes"], list[model.Change])))
        return tuple(found)

    def log(self, ref: str, run: int | None = None) -> LogReader:
        """The recorded output of a run (None: the last). Reads as far as the file goes; close it afterwards."""
        own = self._connect()
        try:
            own.call("log", {"ref": ref, "run": run})
            output, index = own.take_fds()
            return LogReader(output, index)
        finally:
            own.close()

    def follow_log(self, ref: str) -> Attached:
        """The last run's output with word of what is added, as `Attached` without standard input."""
        return self._attach("follow", {"ref": ref})

    # --- images ------------------------------------------------------------------------------------------------

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

    # --- volumes -----------------------------------------------------------------------------------------------

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

    # --- transport ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close this thread's connection."""
        own: Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
            self._local.connection = None

    def _connect(self) -> Connection:
        return connection.connect(self.paths, start=self._start)

    def _call(
        self,
        method: str,
        params: dict[str, Any],
        progress: Progress | None = None,
        meanwhile: Callable[[], None] | None = None,
        fds: tuple[int, ...] = (),
    ) -> Any:
        """A call on this thread's own connection, made anew where it was lost."""
        own: Connection | None = getattr(self._local, "connection", None)
        if own is None:
            own = self._local.connection = self._connect()
        try:
            return own.call(method, params, self._sort(progress), meanwhile, fds)
        except errors.Unreachable:
            self.close()
            raise

    def _get(self, method: str, params: dict[str, Any], kind: type[T]) -> T:
        import msgspec

        return msgspec.convert(self._call(method, params), kind)

    def _sort(self, progress: Progress | None) -> Progress:
        """Events before a result are warnings, or progress."""

        def sort(event: dict[str, Any]) -> None:
            if "warning" in event:
                self._on_warning(event["warning"])
            elif progress is not None:
                progress(event)

        return sort

    def _attach(self, method: str, params: dict[str, Any], meanwhile: Callable[[], None] | None = None) -> Attached:
        """This thread's connection becomes the session's: `run` has made it a moment ago, to create the container."""
        result = self._call(method, params, meanwhile=meanwhile)
        own: Connection = self._local.connection
        self._local.connection = None
        return Attached(own, own.take_fds(), result)


def _plain(value: Any) -> Any:
    """As JSON has it. What is plain already needs no msgspec; a value of the model has brought it along."""
    encoder = sys.modules.get("msgspec")
    return value if encoder is None else encoder.to_builtins(value)
