"""What the engine and the dashboard cost while nothing happens: CPU and memory."""

import os
import time
from pathlib import Path

from bench.figures import Row
from support.deck import QD, Deck
from support.terminal import Terminal
from support.waiting import until

from engine.model import CreateOptions

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far. Source: proc_pid_stat(5), fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_bytes(pid: int) -> int:
    """Memory of a process, shared pages divided among their users. Source: proc_pid_smaps(5)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError("Pss")


def start_idle(deck: Deck, count: int, first: int = 0) -> None:
    """Containers that only sleep."""
    for number in range(first, first + count):
        options = CreateOptions(
            image="localhost/base", command=("sleep", "100000"), name=f"idle-{number}", network="none"
        )
        deck.engine.start(deck.engine.create(options))


def idle_dashboard(deck: Deck, watch_seconds: float) -> list[Row]:
    """The share of a core that the dashboard and the engine use with 20 containers on the screen."""
    start_idle(deck, 20)
    with Terminal(deck.environment, columns=120, rows=40) as terminal:
        terminal.run(QD)
        terminal.wait_for("idle-19", 60)
        dashboard = _child(terminal.pane_pid())
        info = deck.engine.info()
        processes = {"dashboard": dashboard, "supervisor": info.supervisor_pid, "keeper": info.keeper_pid}
        time.sleep(5)  # the first graphs and caches are filled
        shares = _shares(processes, watch_seconds)
        memory = pss_bytes(dashboard)
        terminal.type("q")
        terminal.wait_for("ready>")
    deck.remove_all()
    rows = [Row(f"CPU at rest, 20 containers: {name}", f"{share:.2f} %") for name, share in shares.items()]
    total = Row("CPU at rest, 20 containers: all together", f"{sum(shares.values()):.2f} %")
    return [*rows, total, Row("memory of the dashboard (PSS)", _mib(memory))]


def _child(pid: int) -> int:
    """The command that the shell of a terminal runs."""
    return int(until(lambda: _children(pid), "the dashboard").split()[0])


def _children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def _shares(processes: dict[str, int], watch_seconds: float) -> dict[str, float]:
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    begin = time.monotonic()
    time.sleep(watch_seconds)
    passed = time.monotonic() - begin
    return {name: 100 * (cpu_seconds(pid) - before[name]) / passed for name, pid in processes.items()}


def memory(deck: Deck) -> list[Row]:
    """PSS of supervisor and keeper with nothing, with 20 and with 100 containers, and what one more costs."""
    rows = []
    figures = {}
    started = 0
    for count in (0, 20, 100):
        start_idle(deck, count - started, started)
        started = count
        time.sleep(2)  # one sample at least
        info = deck.engine.info()
        parts = [pss_bytes(pid) for pid in (info.supervisor_pid, info.keeper_pid)]
        figures[count] = sum(parts)
        rows.append(
            Row(f"memory with {count} containers (PSS)", f"{_mib(sum(parts))} ({_mib(parts[0])} + {_mib(parts[1])})")
        )
    each = (figures[100] - figures[20]) / 80
    deck.remove_all()
    return [*rows, Row("memory for one more container", f"{each / 1024:.0f} KiB")]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
