"""The base image of this host, assembled for real: its programs run in it, and other tools read it."""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.image.builtin import base, python
from engine.image.builtin.libraries import Libraries
from engine.image.store.images import Store
from engine.state.paths import Paths

pytestmark = [pytest.mark.root, pytest.mark.requires("unshare")]


@pytest.fixture(scope="module")
def store(base_store: Paths) -> Store:
    return Store(base_store.images, base_store.layers)


@pytest.fixture(scope="module")
def root(store: Store) -> str:
    (layer,) = store.lowers(store.find("base"))
    return layer


def _inside(root: str, *command: str) -> str:
    """What a program says that runs with the image as its root, read-only, with /proc and nothing else mounted."""
    script = """
        mount --bind "$0" "$0"
        mount -o remount,bind,ro "$0"
        mount -t proc proc "$0/proc"
        exec chroot "$0" "$@"
    """
    result = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, root, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": base.PATH, "LANG": "C.UTF-8", "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def _there(root: str, name: str) -> str:
    """Skip where this host has not got the program."""
    for folder in ("usr/bin", "usr/sbin"):
        if os.path.lexists(f"{root}/{folder}/{name}"):
            return name
    pytest.skip(f"needs {name} on the host")


def test_the_shell_runs_and_finds_the_coreutils(root: str) -> None:
    assert _inside(root, "sh", "-c", "echo $((6 * 7)); ls -d /etc; id -u") == "42\n/etc\n0\n"


@pytest.mark.parametrize(
    ("name", "command", "answer"),
    [
        ("bash", ["bash", "-c", "echo ${BASH_VERSION%%.*}"], ""),
        ("ps", ["ps", "--version"], "procps"),
        ("top", ["top", "-b", "-n", "1"], "PID USER"),
        ("ip", ["ip", "-V"], "ip utility"),
        ("ss", ["ss", "-V"], "ss utility"),
        ("grep", ["grep", "root", "/etc/passwd"], "root:x:0:0"),
        ("sed", ["sed", "s/root/x/;q", "/etc/passwd"], "x:x:0:0"),
        ("awk", ["awk", "BEGIN { print 6 * 7 }"], "42"),
        ("find", ["find", "/opt"], "/opt"),
        ("xargs", ["xargs", "--version"], "xargs"),
        ("vi", ["vi", "--version"], "VIM"),
        ("less", ["less", "--version"], "less"),
        ("tar", ["tar", "--version"], "tar"),
        ("gzip", ["gzip", "--version"], "gzip"),
        ("zcat", ["zcat", "--version"], "zcat"),
        ("hostname", ["hostname", "--version"], "hostname"),
        ("ipcs", ["ipcs", "-V"], "util-linux"),
        ("ipcmk", ["ipcmk", "-V"], "util-linux"),
        ("stty", ["stty", "--version"], "stty"),
        ("free", ["free", "--version"], "procps"),
        ("tput", ["tput", "-T", "xterm-256color", "colors"], "256"),
        ("getent", ["getent", "passwd", "root"], "root:x:0:0"),
        ("busybox", ["busybox", "echo", "hello"], "hello"),
    ],
)
def test_a_program_of_the_host_runs_in_the_image(root: str, name: str, command: list[str], answer: str) -> None:
    _there(root, name)
    assert answer in _inside(root, *command)


def test_every_program_finds_its_libraries(root: str) -> None:
    """Asked of the image's own loader, which only lists what it would load."""
    loader = _inside(root, "sh", "-c", "echo /lib*/ld-linux*").split()[0]
    for folder in ("usr/bin", "usr/sbin"):
        for name in sorted(os.listdir(f"{root}/{folder}")):
            path = os.path.realpath(f"{root}/{folder}/{name}")
            header = Libraries([]).header(path) if path.startswith(root) else None
            if header is not None and header.interpreter:
                assert "not found" not in _inside(root, loader, "--list", f"/{folder}/{name}"), name


def test_python_runs_with_its_extension_modules(root: str) -> None:
    _there(root, "python3")
    modules = "ssl, sqlite3, ctypes, hashlib, json, lzma, bz2, zlib, http.server, asyncio, multiprocessing, decimal"
    assert _inside(root, "python3", "-c", f"import {modules}; print(6 * 7)") == "42\n"


def test_every_extension_module_of_python_can_be_loaded(root: str) -> None:
    _there(root, "python3")
    code = """
import glob, importlib, os, sys
folder = next(p for p in sys.path if p.endswith("lib-dynload"))
for path in sorted(glob.glob(folder + "/*.so")):
    name = os.path.basename(path).split(".")[0]
    try:
        importlib.import_module(name)
    except ImportError as err:
        if "cannot open shared object" in str(err):
            print(name, err)
"""
    assert _inside(root, "python3", "-c", code) == ""


def test_running_python_writes_nothing_for_what_was_compiled_already(root: str) -> None:
    _there(root, "python3")
    code = "import json, sys; print(json.__cached__, json.__spec__.loader.path_stats(json.__file__)['mtime'])"
    cached, mtime = _inside(root, "python3", "-c", code).split()
    with open(root + cached, "rb") as file:
        assert int.from_bytes(file.read(12)[8:], "little") == int(float(mtime))


def test_a_python_from_elsewhere_runs_too(tmp_path: Path) -> None:
    """One that was built into somebody's home, say."""
    interpreter = python.find(())
    if interpreter is None or interpreter.prefix in {"/usr", "/usr/local"}:
        pytest.skip("needs a python outside /usr")
    from engine.image.builtin import host, layer, skeleton
    from engine.image.builtin.plan import Plan

    plan, libraries = Plan(), Libraries()
    skeleton.lay(plan)
    programs = [*host.add_programs(plan, libraries), *python.add(plan, interpreter)]
    host.add_libraries(plan, libraries, programs)
    with open(tmp_path / "layer.tar", "wb") as archive:
        (tmp_path / "fs").mkdir()
        layer.write(plan.entries, archive, f"{tmp_path}/fs")
    assert _inside(f"{tmp_path}/fs", "python3", "-c", "import ssl, ctypes; print(6 * 7)") == "42\n"


def test_the_image_has_its_own_users_and_hosts_and_none_of_the_hosts(root: str) -> None:
    own = Path("/etc/passwd").read_text()
    inside = Path(root, "etc/passwd").read_text()
    assert inside.startswith("root:x:0:0:root:/root:/bin/sh\n")
    assert inside != own
    assert "localhost" in Path(root, "etc/hosts").read_text()
    assert not os.path.exists(f"{root}/etc/ssl")
    assert not os.path.exists(f"{root}/etc/ssh")
    assert os.listdir(f"{root}/root") == []


def test_nothing_in_the_image_shares_storage_with_the_host(root: str) -> None:
    program = os.stat(os.path.realpath("/bin/sh"))
    copy = os.stat(f"{root}/usr/bin/{os.path.basename(os.path.realpath('/bin/sh'))}")
    assert (copy.st_dev, copy.st_ino) != (program.st_dev, program.st_ino)
    assert not os.path.ismount(f"{root}/usr")


def test_no_program_of_the_image_changes_its_user(root: str) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            mode = os.lstat(f"{folder}/{name}").st_mode
            assert not mode & (stat.S_ISUID | stat.S_ISGID), f"{folder}/{name}"


def test_every_link_leads_somewhere_in_the_image(root: str) -> None:
    assert _inside(root, "find", "/", "-xdev", "-xtype", "l") == ""


def test_building_again_gives_the_same_image(store: Store, tmp_path: Path) -> None:
    before = store.find("base").id
    assert base.build(f"{tmp_path}/image", f"{tmp_path}/layers") == before


def test_building_again_in_place_changes_nothing_and_leaves_no_rubbish(base_store: Paths, store: Store) -> None:
    before = sorted(os.listdir(f"{base_store.images}/blobs/sha256")), os.listdir(base_store.layers)
    steps: list[tuple[str, int, int]] = []
    assert base.build(base_store.images, base_store.layers, lambda *step: steps.append(step)) == store.find("base").id
    assert (sorted(os.listdir(f"{base_store.images}/blobs/sha256")), os.listdir(base_store.layers)) == before
    assert steps[-1][1] == steps[-1][2] > 500
    assert len(steps) < 200


@pytest.mark.requires("skopeo")
def test_skopeo_inspects_the_image(base_store: Paths, store: Store) -> None:
    source = f"oci:{base_store.images}:localhost/base:latest"
    output = subprocess.run(["skopeo", "inspect", source], capture_output=True, text=True, check=True).stdout
    image = json.loads(output)
    assert image["Digest"] == store.find("base").digest
    assert image["Os"] == "linux"
    assert f"PATH={base.PATH}" in image["Env"]
    config = subprocess.run(
        ["skopeo", "inspect", "--config", source], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(config) == store.config(store.find("base"))


@pytest.mark.requires("skopeo")
def test_skopeo_copies_the_image_with_its_layer(base_store: Paths, tmp_path: Path) -> None:
    source = f"oci:{base_store.images}:localhost/base:latest"
    subprocess.run(["skopeo", "copy", "-q", source, f"dir:{tmp_path}/copy"], check=True)
    assert any(file.stat().st_size > 1 << 20 for file in (tmp_path / "copy").iterdir())


@pytest.fixture
def unpacked(base_store: Paths, store: Store, tmp_path: Path) -> Iterator[Path]:
    """The layer's archive, unpacked by tar."""
    (layer,) = store.find("base").layers
    subprocess.run(["tar", "-xpf", store.layout.blobs.path(layer), "-C", tmp_path], check=True)
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_the_archive_holds_what_is_unpacked(unpacked: Path, root: str) -> None:
    result = subprocess.run(["diff", "-r", "--no-dereference", root, unpacked], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")
