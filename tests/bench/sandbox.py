"""How long the sandbox alone takes from a clone to the program: `python tests/bench/sandbox.py [ROUNDS]`, as root.

The measuring process is what the keeper is: isolated, without site, with the standard library alone. Beside each
start stands a bare posix_spawn(3) of the same program, so that a busy machine is seen as such.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(os.path.dirname(HERE)), os.path.dirname(HERE)]


def main() -> int:
    """Prepare a ground, and measure on it in a process like the keeper."""
    if sys.argv[1:2] == ["measure"]:
        return measure(sys.argv[2], int(sys.argv[3]))
    import subprocess
    import tempfile

    rounds = sys.argv[1] if len(sys.argv) > 1 else "100"
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as folder:
        prepare(folder)
        command = [sys.executable, "-I", "-S", os.path.abspath(__file__), "measure", folder, rounds]
        return subprocess.run(command).returncode


def prepare(folder: str) -> None:
    """A handmade root under an overlay, and specs in which `true` and `sleep` run."""
    from support.handmade import make_root

    from engine.model import CreateOptions, ExecOptions
    from engine.sandbox import spec

    for name in ("root", "upper", "work", "rootfs"):
        os.mkdir(f"{folder}/{name}")
    make_root(f"{folder}/root")
    built = {}
    for command in (("true",), ("sleep", "1000")):
        options = CreateOptions(image="handmade", command=command)
        built[command[0]] = spec.build("0" * 64, options, {}, hostname="box", files={}, cgroups_path="/none")
    built["isolated"] = isolated(built["true"])
    built["enter"] = spec.enter_order(options, {}, ExecOptions(command=("true",)), pid=0)
    with open(f"{folder}/specs.json", "w") as file:
        json.dump(built, file)


def isolated(made: dict[str, Any]) -> dict[str, Any]:
    """With a user namespace of its own, and Docker's default seccomp policy."""
    from engine.sandbox import seccomp_profile

    ids = [{"containerID": 0, "hostID": 0x7000_0000, "size": 1 << 16}]
    linux = made["linux"] | {"uidMappings": ids, "gidMappings": ids}
    linux["sysctl"] = {}
    linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] != "user"] + [{"type": "user"}]
    linux["seccomp"] = seccomp_profile.default(made["process"]["capabilities"]["bounding"])
    return made | {"linux": linux}


def measure(folder: str, rounds: int) -> int:
    """Print the medians."""
    from engine.sandbox import enter, init

    with open(f"{folder}/specs.json") as file:
        specs = json.load(file)
    root = {"kind": "overlay", "lower": [f"{folder}/root"], "upper": f"{folder}/upper", "work": f"{folder}/work"}
    rootfs = f"{folder}/rootfs"

    def create(spec: dict[str, Any]) -> object:
        wanted = root | {"idmap": any(entry["type"] == "user" for entry in spec["linux"]["namespaces"])}
        return init.create(init.Order(spec, wanted, rootfs, (), None, False), (0, 1, 2))

    alive = create(specs["sleep"])
    until_exec(alive)
    order = enter.EnterOrder(**{**specs["enter"], "pid": alive.pid})
    report("create", [start(lambda: create(specs["true"])) for _ in range(rounds)])
    report("isolated", [start(lambda: create(specs["isolated"])) for _ in range(rounds)])
    report("enter", [start(lambda: enter.enter(order, (0, 1, 2))) for _ in range(rounds)])
    alive.kill()
    return 0


def start(clone: Callable[[], object]) -> tuple[float, float, float]:
    """Milliseconds to the return of the clone and to the program, and of a bare spawn."""
    begin = time.perf_counter()
    child = clone()
    cloned = time.perf_counter()
    until_exec(child)
    executed = time.perf_counter()
    os.waitpid(child.pid, 0)
    child.close()
    return (cloned - begin) * 1e3, (executed - begin) * 1e3, bare()


def until_exec(child: object) -> None:
    """Say GO, and read on until the channel closes."""
    from engine.sandbox import messages

    while True:
        try:
            message, _ = messages.receive(child.channel)
        except messages.GoneAway:
            return
        if message.kind is messages.Kind.UNSHARED:
            messages.send(child.channel, messages.encode(messages.Kind.GO, size=None))
        elif message.kind is messages.Kind.ERROR:
            raise messages.error_of(message)


def bare() -> float:
    """Milliseconds of a posix_spawn(3) of true, to its end."""
    begin = time.perf_counter()
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return (time.perf_counter() - begin) * 1e3


def report(what: str, figures: list[tuple[float, float, float]]) -> None:
    """One line: the medians, and the best."""
    cloned, executed, spawned = (statistics.median(column) for column in zip(*figures, strict=True))
    best = min(figure[1] for figure in figures)
    sys.stdout.write(
        f"{what:8} returns after {cloned:5.2f} ms, executes after {executed:5.2f} ms (best {best:.2f}); "
        f"bare spawn {spawned:.2f} ms\n"
    )


if __name__ == "__main__":
    sys.exit(main())
