"""The commands over an engine in memory: where words go, what is printed, how errors are told."""

import inspect
import json
import sys
from typing import Any

import msgspec
import pytest
from support.memory_engine import MemoryEngine

from engine import errors, model
from engine.cli.main import main
from engine.client import Engine
from engine.version import VERSION

SECOND = 10**9
BASE = "localhost/base"


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


def qd(engine: MemoryEngine, *arguments: str) -> int:
    return main(list(arguments), engine=engine)  # type: ignore[arg-type]  # the fake has the same methods


def container(name: str = "web", **changes: Any) -> model.Container:
    options = changes.pop("options", model.CreateOptions(image=BASE, name=name))
    state = changes.pop("state", model.ContainerState(status=model.Status.EXITED, run=1, exit_code=3))
    fields: dict[str, Any] = {
        "id": name.encode().hex().ljust(64, "0"),
        "name": name,
        "image": BASE,
        "image_id": "sha256:" + "1" * 64,
        "command": ("sh", "-c", "while :; do sleep 1; done"),
        "created_ns": 1_777_630_272 * SECOND,
        "options": options,
        "state": state,
    }
    return model.Container(**{**fields, **changes})


def test_the_engine_in_memory_has_every_method_of_the_client_with_its_signature() -> None:
    def parameters(owner: type, name: str) -> list[tuple[object, ...]]:
        found = inspect.signature(getattr(owner, name)).parameters.values()
        return [(one.name, one.kind, one.default) for one in found]

    for name, _ in inspect.getmembers(Engine, inspect.isfunction):
        if not name.startswith("_"):
            assert parameters(MemoryEngine, name) == parameters(Engine, name), name


def test_flags_after_the_image_belong_to_the_program(engine: MemoryEngine) -> None:
    assert qd(engine, "create", "-it", "--name", "a", BASE, "sh", "-c", "echo --rm -x", "--rm") == 0
    (options,) = engine.made
    assert (options.image, options.command) == (BASE, ("sh", "-c", "echo --rm -x", "--rm"))
    assert (options.tty, options.interactive, options.auto_remove) == (True, True, False)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ((BASE,), ()),
        ((BASE, "--", "x"), ("--", "x")),
        (("--", BASE, "-c"), ("-c",)),
        ((BASE, "-1"), ("-1",)),
        (("--rm=false", BASE, "--rm=true"), ("--rm=true",)),
    ],
)
def test_the_first_word_is_the_image(words: tuple[str, ...], command: tuple[str, ...], engine: MemoryEngine) -> None:
    assert qd(engine, "create", *words) == 0
    assert (engine.made[0].image, engine.made[0].command) == (BASE, command)


def test_every_flag_of_create_reaches_the_engine(engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSED", "on")
    arguments = (
        "-i -t --rm --name n -e A=1 -e PASSED -w /w -u 1:2 -h host --entrypoint /e -v /a:/b:ro -l k=v "
        "-m 64m --memory-swap -1 --memory-reservation 32m --cpus 1.5 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0 "
        "--pids-limit 50 --blkio-weight 100 --device-read-bps /dev/vda:1m --device-write-bps /dev/vda:2m "
        "--device-read-iops /dev/vda:3 --device-write-iops /dev/vda:4 --read-only --tmpfs /run:size=1m "
        "--stop-signal INT --stop-timeout 3 --ulimit nofile=1:2 --init --cap-add NET_ADMIN --cap-drop ALL "
        "--privileged --pull never --network front --network name=back,ip=10.1.0.2 "
        "--ip 10.0.0.2 --ip6 fd00::2 --mac-address 02-42-0A-00-00-02 --network-alias api --net-alias api "
        "-p 8080:80 -p [::1]::53/udp -P --expose 90-91 --expose 92/sctp --dns 10.0.0.1 --dns-search example.org "
        "--dns-option ndots:2 --dns-opt edns0 --add-host a:1.2.3.4 --add-host b:host-gateway "
        "--network-bandwidth in=10m,out=512k"
    )
    assert qd(engine, "create", *arguments.split(), BASE, "run", "it") == 0
    rate = model.DeviceRate
    assert engine.made == [
        model.CreateOptions(
            image=BASE,
            command=("run", "it"),
            entrypoint=("/e",),
            name="n",
            hostname="host",
            env=("A=1", "PASSED=on"),
            workdir="/w",
            user="1:2",
            labels={"k": "v"},
            network="front",
            joins=(
                model.Joining(
                    network="front",
                    address="10.0.0.2",
                    address6="fd00::2",
                    mac="02:42:0a:00:00:02",
                    aliases=("api",),
                ),
                model.Joining(network="back", address="10.1.0.2"),
            ),
            ports=(
                model.Port(container=80, host=8080),
                model.Port(container=53, protocol="udp", address="::1"),
            ),
            publish_all=True,
            expose=("90/tcp", "91/tcp", "92/sctp"),
            dns=("10.0.0.1",),
            dns_search=("example.org",),
            dns_options=("ndots:2", "edns0"),
            hosts=("a:1.2.3.4", "b:host-gateway"),
            bandwidth=model.Bandwidth(into=10_000_000, out_of=512_000),
            tty=True,
            interactive=True,
            auto_remove=True,
            init=True,
            limits=model.Limits(
                memory_bytes=64 << 20,
                memory_swap_bytes=-1,
                memory_reservation_bytes=32 << 20,
                cpus=1.5,
                cpu_shares=512,
                cpuset_cpus="0-1",
                cpuset_mems="0",
                pids=50,
                blkio_weight=100,
                device_read_bps=(rate(path="/dev/vda", rate=1 << 20),),
                device_write_bps=(rate(path="/dev/vda", rate=2 << 20),),
                device_read_iops=(rate(path="/dev/vda", rate=3),),
                device_write_iops=(rate(path="/dev/vda", rate=4),),
            ),
            binds=(model.Bind(source="/a", target="/b", read_only=True),),
            tmpfs={"/run": "size=1m"},
            read_only=True,
            ulimits=(model.Ulimit(name="nofile", soft=1, hard=2),),
            cap_add=("NET_ADMIN",),
            cap_drop=("ALL",),
            privileged=True,
            stop_signal="INT",
            stop_timeout_seconds=3,
        )
    ]


def test_an_empty_entrypoint_clears_the_image_s(engine: MemoryEngine) -> None:
    qd(engine, "create", "--entrypoint", "", BASE)
    qd(engine, "create", BASE)
    assert [options.entrypoint for options in engine.made] == [(), None]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--fly", BASE), "--fly"),
        (("run", "--mem", "64m", BASE), "--mem"),
        (("run",), "IMAGE"),
        (("run", "-m", "64q", BASE), "64q"),
        (("run", "--rm", "--restart", "always", BASE), "contradict"),
        (("run", "--cpus", "1", "--cpu-quota", "5", BASE), "--cpu-quota"),
        (("run", "-m", "64m", "--memory-swap", "32m", BASE), "--memory-swap"),
        (("run", "-p", "80:0", BASE), "80:0"),
        (("run", "-p", "80:80", "--network", "host", BASE), "-p"),
        (("run", "-P=x", BASE), "-P"),
        (("exec", "web"), "program"),
        (("start", "-a", "one", "two"), "one container"),
        (("update", "web"), "nothing to change"),
        (("top", "web", "aux"), "ps"),
        (("logs", "-n", "few", "web"), "few"),
        (("ps", "--filter", "nonsense"), "nonsense"),
        (("ps", "--format", "{{range .}}"), "range"),
        (("system", "prune"), "confirm"),
        (("rnu",), "qd run"),
        (("container", "fly"), "needs a command"),
        (("image",), "needs a command"),
        (("--rooot", "/x", "ps"), "--rooot"),
        (("--root",), "--root"),
        (("--read-only", "rm", "web"), "--read-only"),
    ],
)
def test_what_cannot_be_understood_is_a_sentence_and_a_hint(
    arguments: tuple[str, ...], words: str, engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.present = [container()]
    assert qd(engine, *arguments) == 125
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0].startswith("qd: ")
    assert lines[1].startswith("hint: ")
    assert words in err
    assert not any(call[0] in ("create", "remove", "prune", "update") for call in engine.calls)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (errors.NotFound("no such image: x", hint="qd images"), 125),
        (errors.ProgramNotFound("not there: x"), 127),
        (errors.ProgramNotExecutable("not executable: x"), 126),
    ],
)
def test_an_error_of_the_engine_decides_the_exit_code(
    failure: errors.EngineError, code: int, engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.failures["start"] = failure
    assert qd(engine, "run", "-d", "--rm", BASE, "x") == code
    assert capsys.readouterr().err.splitlines()[0] == f"qd: {failure.message}"
    assert ("remove", "c" * 64, True) in engine.calls


def test_without_rm_what_could_not_start_stays_to_be_looked_at(engine: MemoryEngine) -> None:
    engine.failures["start"] = errors.SetupFailed("no")
    assert qd(engine, "run", "-d", BASE, "x") == 125
    assert not any(call[0] == "remove" for call in engine.calls)


def test_escapes_in_an_error_do_not_reach_the_terminal(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.failures["start"] = errors.NotFound("no such container: \x1b[31mred", hint="\x07")
    assert qd(engine, "start", "x") == 125
    assert "\x1b" not in (err := capsys.readouterr().err)
    assert "\x07" not in err


def test_an_unforeseen_error_is_a_sentence_too(
    engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise KeyError("x")

    monkeypatch.setattr(engine, "images", broken)
    assert qd(engine, "images") == 125
    err = capsys.readouterr().err
    assert err.startswith("qd: this should not happen: KeyError: 'x'\nhint: ")
    assert "Traceback" not in err


def test_several_names_go_on_past_a_failure(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.failures["pause"] = errors.Conflict("container a is not running")
    assert qd(engine, "pause", "a", "b") == 125
    assert [call[1] for call in engine.calls] == ["a", "b"]
    engine.failures.clear()
    assert qd(engine, "stop", "-t", "3", "a", "b") == 0
    assert capsys.readouterr().out == "a\nb\n"
    assert engine.calls[-1] == ("stop", "b", 3)


def test_verbs_pass_on_what_they_were_given(engine: MemoryEngine) -> None:
    for words in ("kill -s HUP a", "rm -fv a", "rename a b", "restart a", "update -m 1g --restart always a"):
        assert qd(engine, *words.split()) == 0
    assert engine.calls == [
        ("kill", "a", "HUP"),
        ("remove", "a", True, True),
        ("rename", "a", "b"),
        ("restart", "a", None),
        ("update", "a", model.Limits(memory_bytes=1 << 30), model.RestartPolicy(name="always")),
    ]


def test_a_group_s_word_is_the_command_itself(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.present = [container()]
    assert qd(engine, "container", "ls", "-aq") == qd(engine, "ps", "-aq") == 0
    first, second = capsys.readouterr().out.split()
    assert first == second == engine.present[0].id[:12]


def test_ps_asks_for_what_runs_unless_told_otherwise(engine: MemoryEngine) -> None:
    for arguments in ((), ("-a",), ("-l",), ("-n", "2"), ("--filter", "status=exited"), ("--filter", "name=x")):
        assert qd(engine, "ps", *arguments) == 0
    assert [call[1] for call in engine.calls] == [False, True, True, True, True, False]


def test_ps_is_laid_out_as_docker_s(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.present = [container("hostile\x1b[2J", command=("sh", "-c", 'echo "\x1b]0;x\x07"'))]
    assert qd(engine, "ps", "-a") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "CONTAINER ID"
    assert header.split()[-1] == "NAMES"
    assert row.isprintable()
    assert "Exited (3)" in row


def test_json_has_docker_s_names(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    options = model.CreateOptions(
        image=BASE, labels={"b": "2", "a": "1"}, binds=(model.Bind(source="/s", target="/t"),)
    )
    engine.present = [container(options=options)]
    assert qd(engine, "ps", "-a", "--no-trunc", "--format", "json") == 0
    row = json.loads(capsys.readouterr().out)
    assert row["ID"] == engine.present[0].id
    assert row["Command"] == '"sh -c while :; do sleep 1; done"'
    assert (row["Labels"], row["Mounts"], row["State"], row["Names"]) == ("a=1,b=2", "/s", "exited", "web")


def test_inspect_is_an_array_and_goes_on_past_what_is_missing(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    state = model.ContainerState(status=model.Status.EXITED, run=1, exit_code=137, oom_killed=True, cause="memory")
    limits = model.Limits(memory_bytes=64 << 20, cpus=0.5)
    engine.present = [container(state=state, options=model.CreateOptions(image=BASE, env=("A=b",), limits=limits))]
    assert qd(engine, "inspect", "web", "missing") == 125
    out, err = capsys.readouterr()
    (data,) = json.loads(out)
    assert data["Name"] == "/web"
    assert data["State"]["OOMKilled"] is True
    assert (data["State"]["ExitCode"], data["State"]["Running"], data["State"]["Cause"]) == (137, False, "memory")
    assert (data["HostConfig"]["Memory"], data["HostConfig"]["NanoCpus"]) == (64 << 20, 500_000_000)
    assert "A=b" in data["Config"]["Env"]
    assert "missing" in err


def test_inspect_takes_templates_of_nested_fields(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.present = [container()]
    assert qd(engine, "inspect", "-f", "{{.State.Running}} {{json .Args}}", "web") == 0
    assert capsys.readouterr().out == 'false ["-c", "while :; do sleep 1; done"]\n'


def image(*names: str) -> model.Image:
    return model.Image(
        id="sha256:" + "a" * 64,
        names=names,
        digest="sha256:" + "d" * 64,
        created_ns=0,
        size_bytes=12_345_678,
        layers=("sha256:" + "e" * 64,),
        config={"os": "linux", "config": {"Labels": {"k": "v"}}},
    )


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), ["localhost/base:latest", "registry:5000/app:1"]),
        (("localhost/base",), ["localhost/base:latest"]),
        (("-f", "reference=registry:5000/*"), ["localhost/base:latest", "registry:5000/app:1"]),
        (("-f", "label=k=v"), ["localhost/base:latest", "registry:5000/app:1"]),
        (("-f", "label=k=w"), []),
        (("-f", "dangling=true"), []),
    ],
)
def test_images_has_a_line_for_each_name(
    arguments: tuple[str, ...], found: list[str], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.local = [image("localhost/base:latest", "registry:5000/app:1")]
    assert qd(engine, "images", "--format", "{{.Repository}}:{{.Tag}}", *arguments) == 0
    assert capsys.readouterr().out.split() == found


def test_an_image_without_a_name_says_so(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.local = [image()]
    assert qd(engine, "images") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["<none>", "<none>", "a" * 12]


@pytest.mark.parametrize("name", ["base", "localhost/base", "localhost/base:latest", "a" * 12, "sha256:" + "a" * 64])
def test_inspect_finds_an_image_by_any_of_its_names(
    name: str, engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.local = [image("localhost/base:latest")]
    assert qd(engine, "inspect", name) == 0
    assert json.loads(capsys.readouterr().out)[0]["RepoTags"] == ["localhost/base:latest"]


def test_rmi_says_what_went(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "rmi", "-f", BASE) == 0
    assert capsys.readouterr().out == f"Untagged: {BASE}\nDeleted: sha256:{'d' * 64}\n"


def stats(**changes: Any) -> model.Stats:
    fields: dict[str, Any] = {
        "id": "f" * 64,
        "name": "web",
        "cpu_cores": 0.1234,
        "cpu_limit_cores": None,
        "throttled_ratio": 0.0,
        "memory_bytes": 32 << 20,
        "memory_cache_bytes": 0,
        "memory_limit_bytes": 64 << 20,
        "memory_peak_bytes": 0,
        "oom_kills": 0,
        "pids": 3,
        "pids_limit": None,
        "read_bytes": 1500,
        "write_bytes": 0,
    }
    return model.Stats(**{**fields, **changes})


def test_stats_tell_of_the_network_what_was_received_first(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = {"rx_bytes": 1200, "tx_bytes": 648, "rx_packets": 12, "tx_packets": 8, "rx_drops": 1}
    engine.about, engine.figures = ABOUT, [stats(**moved, tx_bytes_per_second=1500.0)]
    assert qd(engine, "stats", "--no-stream", "--format", "json") == 0
    row = json.loads(capsys.readouterr().out)
    assert {field: text for field, text in row.items() if field.startswith("Net")} == {
        "NetIO": "1.2kB / 648B",
        "NetRate": "0B/s / 1.5kB/s",
        "NetPackets": "12 / 8",
        "NetDrops": "1 / 0",
        "NetErrors": "0 / 0",
    }


ABOUT = {
    "version": VERSION,
    "protocol": 1,
    "hostname": "host",
    "kernel": "6.18",
    "architecture": "x86_64",
    "cpus": 2,
    "memory_bytes": 8 << 30,
    "root": "/r",
    "run": "/n",
    "storage": "overlay",
    "cgroup": "hybrid",
    "controllers": {"memory": "v1"},
    "containers": {"running": 2, "exited": 1},
    "images": 1,
    "networks": 4,
    "subnet": "172.17.0.0/16",
    "supervisor_pid": 10,
    "keeper_pid": 11,
    "warnings": ["no blkio weight: load the bfq scheduler"],
}


def test_stats_has_docker_s_columns(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.about, engine.figures = ABOUT, [stats(), stats(name="free", memory_limit_bytes=None)]
    assert qd(engine, "stats", "--no-stream") == 0
    assert capsys.readouterr().out == (
        "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O    PIDS\n"
        "ffffffffffff   web       12.34%    32MiB / 64MiB       50.00%    0B / 0B   1.5kB / 0B   3\n"
        "ffffffffffff   free      12.34%    32MiB / 8GiB        0.39%     0B / 0B   1.5kB / 0B   3\n"
    )


def test_info_puts_facts_on_stdout_and_warnings_on_stderr(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.about = ABOUT
    assert qd(engine, "info") == 0
    out, err = capsys.readouterr()
    assert "Containers: 3\n Running: 2\n Paused: 0\n Stopped: 1\n" in out
    assert err == "warning: no blkio weight: load the bfq scheduler\n"
    assert qd(engine, "info", "-f", "{{.Driver}} {{json .Controllers}}") == 0
    assert capsys.readouterr().out == 'overlay {"memory": "v1"}\n'


def test_top_has_the_columns_of_ps(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.running = [
        model.Process(
            pid=100,
            pid_inside=1,
            ppid=9,
            user="0",
            state="S",
            tty="pts/0",
            cpu_usec=3_725_000_000,
            memory_bytes=0,
            started_ns=0,
            command=("sh", "\x1b[31m"),
        )
    ]
    assert qd(engine, "top", "web") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert row.split() == ["0", "100", "9", "0", "Jan01", "pts/0", "01:02:05", "sh", "[31m"]


def test_top_shows_connections_with_the_names_of_their_far_ends(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    far = {"far_address": "fd00::3", "far_port": 5432, "far_name": "db"}
    found = (
        model.Connection(protocol="tcp", state="ESTABLISHED", address="fd00::2", port=40000, **far),
        model.Connection(protocol="udp", state="UNCONN", address="0.0.0.0", port=53),
    )
    engine.sockets = model.Connections(found=found)
    assert qd(engine, "top", "--net", "web") == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["PROTO", "LOCAL", "FAR", "STATE"],
        ["tcp", "[fd00::2]:40000", "[fd00::3]:5432", "(db)", "ESTABLISHED"],
        ["udp", "0.0.0.0:53", "*", "UNCONN"],
    ]
    assert err == ""
    assert qd(engine, "top", "--net", "web", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["FarName"] == "db"


@pytest.mark.parametrize(("whose", "words"), [("host", "the host's"), ("web", "that of container web")])
def test_top_says_whose_connections_those_are(
    whose: str, words: str, engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.sockets = model.Connections(found=(), whose=whose, cut=True)
    assert qd(engine, "top", "--net", "side") == 0
    err = capsys.readouterr().err
    assert f"the network of side is {words}" in err
    assert "there are more" in err


def test_diff_keeps_bytes_that_are_no_text(engine: MemoryEngine, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = b"/opt/\xff".decode(errors="surrogateescape")
    engine.changed = [model.Change(kind="A", path=path), model.Change(kind="C", path="/etc")]
    assert qd(engine, "diff", "web") == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"A /opt/\xff\nC /etc\n"


def test_events_are_lines_or_docker_s_objects(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.journal = [
        model.Event(
            time_ns=1_777_630_272 * SECOND,
            type="container",
            action="die",
            id="abc",
            name="web",
            attributes={"exitCode": "1", "cause": "\x1b"},
        )
    ]
    assert qd(engine, "events", "--since", "10m", "--until", "1s", "--filter", "event=die") == 0
    assert capsys.readouterr().out == (
        "2026-05-01T10:11:12.000000000Z container die abc (cause= , exitCode=1, name=web)\n"
    )
    assert qd(engine, "events", "--format", "json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["Actor"] == {"ID": "abc", "Attributes": {"exitCode": "1", "cause": "\x1b", "name": "web"}}
    assert [call[-1] for call in engine.calls] == [False, True]


def test_prune_says_what_was_gained(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "system", "prune", "-f") == 0
    assert capsys.readouterr().out.endswith("Total reclaimed space: 1.23MB\n")


def test_help_and_version_need_no_engine(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "--help") == qd(engine, "help") == 0
    assert qd(engine, "--version") == 0
    assert capsys.readouterr().out.endswith(f"quarterdeck version {VERSION}\n")
    with pytest.raises(SystemExit) as caught:
        qd(engine, "help", "run")
    assert caught.value.code == 0
    assert "--memory" in capsys.readouterr().out


def test_the_globals_name_the_folders(capsys: pytest.CaptureFixture[str]) -> None:
    from engine.cli.main import parse_globals

    options = parse_globals(["--root", "/r", "--run=/n", "--read-only", "ps", "--root"])
    assert (options.paths, options.read_only, options.rest) == (("/r", "/n"), True, ["ps", "--root"])


def test_values_of_the_engine_in_memory_are_what_the_client_decodes() -> None:
    assert msgspec.convert(ABOUT, model.Info).cgroup == "hybrid"


def test_the_demonstration_tells_what_could_not_start_and_lists_the_rest(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.about = ABOUT
    engine.failures["create"] = errors.MissingFeature("mount namespaces are refused", hint="run it --privileged")
    assert qd(engine, "demo") == 125
    out, err = capsys.readouterr()
    assert err.count("qd: mount namespaces are refused\nhint: run it --privileged\n") == 6
    assert out.startswith("CONTAINER ID")
    engine.failures = {"build_base": errors.SetupFailed("no room")}
    assert qd(engine, "demo") == 125


def test_stopping_the_demonstration_removes_what_carries_its_label(engine: MemoryEngine) -> None:
    engine.present = [container("web"), container("burner")]
    assert qd(engine, "demo", "--stop") == 0
    assert engine.calls == [
        ("containers", True, {"label": ["quarterdeck.demo=true"]}),
        ("remove", "web", True),
        ("remove", "burner", True),
    ]
