"""Runs: their ends, their restarts, and those that an earlier supervisor has left."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from typing import Any

from engine import errors
from engine.kernel import proc
from engine.model import ContainerState, Status
from engine.state import files
from engine.supervise import death, restarts
from engine.supervise.keeper_link import Exit, Started
from engine.supervise.log import LogWriter
from engine.supervise.parts import Parts
from engine.supervise.registry import Live
from engine.supervise.server import settle
from engine.supervise.starting import Starter, hold, release


class Runs:
    """Starts runs, and deals with their ends."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._starter = Starter(parts)
        self.on_gone: Callable[[Live], None] = lambda _live: None
        """Called when a container that was asked to vanish at its end (--rm) has ended."""

    async def start(self, live: Live, size: tuple[int, int] | None = None) -> None:
        """Start a run. Raises what went wrong, with everything undone and the failure noted in the state."""
        try:
            await self._starter.start(live, size)
        except (errors.EngineError, OSError) as err:
            failure = _as_engine_error(err)
            self._note_failure(live, failure)
            raise failure from err
        self._parts.tell(live, "start")
        self._watch(live, self._parts.keeper.exit_future(live.key))

    def adopt(self, live: Live, fds: tuple[int, ...], end: "asyncio.Future[Exit] | None") -> None:
        """A run that another supervisor started. Without the keeper's future, its pidfd tells its end, not its code."""
        writer = LogWriter(self._parts.paths.run_folder(live.id, live.state.run))
        if fds:
            hold(self._parts, live, Started(live.state.pid, fds), writer)
        else:
            writer.close()
            hold(self._parts, live, Started(live.state.pid, ()), None)
        self._watch(live, end)

    def _watch(self, live: Live, end: "asyncio.Future[Exit] | None") -> None:
        self._parts.background(self._wait_for_end(live, end))

    async def _wait_for_end(self, live: Live, end: "asyncio.Future[Exit] | None") -> None:
        """The keeper tells how it ended; without one its pidfd tells that it did, and a record may tell how."""
        try:
            how = await end if end is not None else await self._unseen_end(live)
        except errors.Unreachable:
            how = await self._unseen_end(live)
        self.ended(live, how)

    async def _unseen_end(self, live: Live) -> Exit:
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        if live.pidfd >= 0:
            loop.add_reader(live.pidfd, settle, gone)
            try:
                await gone
            finally:
                loop.remove_reader(live.pidfd)
        return self.recorded_end(live)

    def recorded_end(self, live: Live) -> Exit:
        """What a keeper wrote before it went; not known where it wrote nothing, never a guess."""
        record = files.read(f"{self._parts.paths.run_folder(live.id, live.state.run)}/exit.json")
        if record is None:
            return Exit(None, time.time_ns())
        written = json.loads(record)
        return Exit(int(written["code"]), int(written["time_ns"]))

    def ended(self, live: Live, how: Exit) -> None:
        """Pid 1 is gone, and so is every process of its pid namespace: record, undo, and decide what comes next."""
        release(self._parts, live)
        oom_killed = live.meter.oom_kills > 0
        self._parts.keeper.forget(live.key)
        words = death.cause(
            how.code,
            oom_killed=oom_killed,
            memory_limit_bytes=live.options.limits.memory_bytes,
            stopped_by_user=live.state.stopped_by_user,
            asked=live.signal_sent,
        )
        facts = {"exit_code": how.code, "finished_ns": how.time_ns, "oom_killed": oom_killed, "cause": words, "pid": 0}
        self._after(live, how, facts)
        self._parts.tell(live, "die", exitCode=str(how.code), cause=words)
        if live.options.auto_remove and live.state.status is Status.EXITED:
            self.on_gone(live)
        else:
            live.exit.set_result(how.code)

    def _after(self, live: Live, how: Exit, facts: dict[str, Any]) -> None:
        """Exited, or waiting for the next attempt of its restart policy."""
        delay = restarts.delay_seconds(live.options.restart, live.state, how)
        if delay is None:
            self._parts.registry.move(live, Status.EXITED, restart_at_ns=0, **facts)
            live.ended.set()
            return
        due = time.time_ns() + round(delay * 1e9)
        facts["restarts"] = live.state.restarts + 1
        facts["restarts_in_row"] = restarts.in_row(live.state, how) + 1
        self._parts.registry.move(live, Status.RESTARTING, restart_at_ns=due, **facts)
        self.restart_later(live, delay)

    def restart_later(self, live: Live, delay_seconds: float) -> None:
        """Start it again after this time, unless the operator comes first."""
        loop = asyncio.get_running_loop()
        live.timer = loop.call_later(delay_seconds, lambda: self._parts.background(self._restart(live)))

    def cancel_restart(self, live: Live) -> None:
        """The operator has come first."""
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None

    async def _restart(self, live: Live) -> None:
        async with live.lock:
            if live.state.status is not Status.RESTARTING:
                return
            live.timer = None
            try:
                await self.start(live)
            except errors.EngineError as err:
                self._parts.warn(f"{live.name} could not be restarted: {err.message}")
            else:
                self._parts.tell(live, "restart")

    def _note_failure(self, live: Live, err: errors.EngineError) -> None:
        live.ended.set()
        self._parts.registry.move(
            live,
            Status.EXITED,
            pid=0,
            exit_code=err.exit_code,
            started_ns=time.time_ns(),
            finished_ns=time.time_ns(),
            error=err.message,
            cause=f"could not start: {err.message}",
            oom_killed=False,
            restart_at_ns=0,
        )
        self._parts.tell(live, "die", exitCode=str(err.exit_code), cause=err.message)


def send_signal(live: Live, number: int) -> None:
    """Signal pid 1 by its pidfd: never another process that has got its pid."""
    try:
        signal.pidfd_send_signal(live.pidfd, number)
    except ProcessLookupError as err:
        raise errors.Conflict(f"container {live.name} is not running") from err


def is_alive(state: ContainerState) -> bool:
    """Whether the process of this state is still the same one: pid, start time and boot."""
    same_boot = state.pid and state.boot_id == proc.read_boot_id()
    return bool(same_boot) and proc.is_same_process(state.pid, state.pid_start_ticks)


def _as_engine_error(err: errors.EngineError | OSError) -> errors.EngineError:
    if isinstance(err, errors.EngineError):
        return err
    return errors.SetupFailed(f"the container could not be set up: {err}", errno=err.errno or 0)
