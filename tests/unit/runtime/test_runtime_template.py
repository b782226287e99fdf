"""The specification to start from, and the tables that verbs print."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import SetupFailed
from engine.runtime import bundle, manual, notify, template
from engine.runtime.arguments import flag, value
from engine.runtime.verbs import listing, processes


def test_the_template_is_what_runc_spec_writes_where_it_matters() -> None:
    spec = template.spec()
    assert list(spec) == ["ociVersion", "process", "root", "hostname", "mounts", "linux"]
    assert spec["root"] == {"path": "rootfs", "readonly": True}
    process = spec["process"]
    assert (process["args"], process["cwd"], process["terminal"]) == (["sh"], "/", True)
    assert process["noNewPrivileges"] is True
    assert process["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]
    wanted = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    assert process["capabilities"] == dict.fromkeys(("bounding", "effective", "permitted"), wanted)
    assert spec["linux"]["resources"] == {"devices": [{"allow": False, "access": "rwm"}]}


def test_the_template_mounts_what_runc_mounts() -> None:
    destinations = [mount["destination"] for mount in template.spec()["mounts"]]
    assert destinations == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]


def test_the_template_passes_the_check() -> None:
    bundle.check(template.spec())
    bundle.check(template.rootless(template.spec(), 1000, 1001))


def test_the_rootless_template_maps_one_id_and_has_nothing_that_only_root_can_have() -> None:
    linux = template.rootless(template.spec(), 1000, 1001)["linux"]
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": 1000, "size": 1}]
    assert linux["gidMappings"] == [{"containerID": 0, "hostID": 1001, "size": 1}]
    kinds = [entry["type"] for entry in linux["namespaces"]]
    assert "user" in kinds
    assert "network" not in kinds
    assert "resources" not in linux


def test_the_rootless_template_binds_sys_and_names_no_group() -> None:
    mounts = {mount["destination"]: mount for mount in template.rootless(template.spec(), 1000, 1000)["mounts"]}
    assert mounts["/sys"] == {
        "destination": "/sys",
        "type": "none",
        "source": "/sys",
        "options": ["rbind", "nosuid", "noexec", "nodev", "ro"],
    }
    assert not [word for word in mounts["/dev/pts"]["options"] if word.startswith("gid=")]


def test_columns_of_a_list_are_at_least_twelve_wide_and_three_apart() -> None:
    text = listing.table([("ID", "PID", "OWNER"), ("a" * 12, "1", "root")])
    assert text == f"{'ID':<15}{'PID':<12}OWNER\n{'a' * 12:<15}{'1':<12}root\n"


def test_an_empty_list_is_its_header() -> None:
    assert listing.table([("ID", "OWNER")]) == "ID          OWNER\n"


PS = "UID          PID    PPID CMD\nroot           1       0 init 12\n\nroot          12       1 sleep 1\n"


def test_of_ps_only_the_containers_processes_are_left() -> None:
    assert processes.select(PS, [12]) == "UID          PID    PPID CMD\nroot          12       1 sleep 1\n"
    assert processes.select(PS, []) == "UID          PID    PPID CMD\n"


@pytest.mark.parametrize("text", ["", "USER CMD\nroot sh\n"])
def test_ps_without_a_column_of_pids_is_told(text: str) -> None:
    with pytest.raises(SetupFailed, match="couldn't find PID field in ps output"):
        processes.select(text, [1])


def test_a_verbs_help_names_its_arguments_and_options() -> None:
    text = manual.of_verb("kill", "<id>\nsend a signal", (flag("all", "all of them", "a"), value("root", "folder")))
    assert "qd-runtime kill - send a signal" in text
    assert "qd-runtime kill [command options] <id>" in text
    assert f"   {'--all, -a':<30}all of them\n   {'--root value':<30}folder\n" in text


def spec() -> dict[str, Any]:
    return {"process": {"args": ["sh"], "env": ["A=1"]}, "mounts": []}


def test_without_a_service_manager_a_spec_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    assert notify.arranged(spec(), str(tmp_path)) == spec()


def test_the_folder_of_the_managers_socket_is_bound_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    found = notify.arranged(spec(), str(tmp_path))
    (mount,) = found["mounts"]
    assert (mount["source"], mount["destination"]) == (f"{tmp_path}/notify", "/run/notify")
    assert "ro" in mount["options"]
    assert found["process"]["env"] == ["A=1", "NOTIFY_SOCKET=/run/notify/notify.sock"]
    assert (tmp_path / "notify").is_dir()


def test_sockets_of_a_manager_are_passed_to_pid_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("LISTEN_FDS", "2")
    assert notify.arranged(spec(), str(tmp_path))["process"]["env"] == ["A=1", "LISTEN_FDS=2", "LISTEN_PID=1"]


@pytest.mark.parametrize("text", ["", "x", "-1", "1024", "2 ", "²", "9" * 5000])
def test_a_number_of_sockets_that_is_none_is_zero(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", text)
    assert notify.listening() == 0
