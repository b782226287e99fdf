"""`Engine`: everything the engine does, as blocking calls that any thread may make.

Commands and the dashboard use this class and `engine.model`, and nothing else of the engine. A container is named
by its name, its id or an unambiguous prefix of its id. Every method may raise an `EngineError`.

The model, and msgspec with it, is imported by the first method that returns a value of it: `run`, `exec` and their
like do not need it, and are a quarter quicker without.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine.client.copies import CopyCalls
from engine.client.images import ImageCalls
from engine.client.networks import NetworkCalls
from engine.client.transport import Progress, plain, surroundings
from engine.client.volumes import VolumeCalls
from engine.connection import Connection
from engine.session import Attached, Executed
from engine.supervise.log import LogReader

if TYPE_CHECKING:
    from engine import model


class Engine(ImageCalls, VolumeCalls, NetworkCalls, CopyCalls):
    """A client of one engine; connects, and starts the supervisor, at the first call."""

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

    def create(
        self,
        options: "model.CreateOptions | dict[str, Any]",
        progress: Progress | None = None,
        *,
        pull: str = "missing",
        platform: str = "",
    ) -> str:
        """Make a container and return its id. The built-in base image is assembled where it is missing.

        `pull` is always, missing or never. A mapping has the fields of the value, those at their defaults may be
        absent; so for `execute`.
        """
        params = {"options": plain(options), "pull": pull, "platform": platform, "environment": surroundings()}
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
        params = {"ref": ref, "options": plain(options)}
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
        params = {"ref": ref, "limits": plain(limits), "restart": plain(restart)}
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
        id, name, label, status, exited, ancestor, before, since, publish, expose, network."""
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

    def connections(self, ref: str) -> "model.Connections":
        """The sockets of TCP and UDP in a running container's network, with names for who is at their far ends."""
        import msgspec

        from engine import model

        found: list[model.Connection] = []
        convert = msgspec.convert
        told = self._call(
            "connections", {"ref": ref}, lambda e: found.extend(convert(e["found"], list[model.Connection]))
        )
        return model.Connections(found=tuple(found), **told)

    def stats(self, refs: tuple[str, ...] = ()) -> "tuple[model.Stats, ...]":
        """Figures of the named containers, or of all that run."""
        from engine import model

        return self._get("stats", {"refs": refs}, tuple[model.Stats, ...])

    def history(self, ref: str, seconds: int = 300) -> "model.Series":
        """The recent past of one container, a point a second."""
        from engine import model

        return self._get("history", {"ref": ref, "seconds": seconds}, model.Series)

    def changes(self, ref: str, other: str = "") -> "tuple[model.Change, ...]":
        """What a container's file system has that its image has not, or an image's that its parent has not; sorted.

        With `other`, what that one has that `ref` has not; each is a container or an image.
        """
        import msgspec

        from engine import model

        found: list[model.Change] = []
        params = {"ref": ref, "other": other}
        self._call("diff", params, lambda e: found.extend(msgspec.convert(e["changes"], list[model.Change])))
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

    def _attach(self, method: str, params: dict[str, Any], meanwhile: Callable[[], None] | None = None) -> Attached:
        """This thread's connection becomes the session's: `run` has made it a moment ago, to create the container."""
        result = self._call(method, params, meanwhile=meanwhile)
        own: Connection = self._local.connection
        self._local.connection = None
        return Attached(own, own.take_fds(), result)
