"""Images whose links and files are laid out to lead the runtime outside, or to make its protections miss."""

import ctypes
import os
import shutil
import threading
from pathlib import Path

import pytest
from support.bundle import Bundle

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox")]

NULL = "1,   3"
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""


def _mounts_of_host() -> str:
    return Path("/proc/self/mountinfo").read_text()


def _secret(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    return secret


def test_the_bundle_runs_as_it_is(bundle: Bundle) -> None:
    """The control of all that is refused below."""
    result = bundle.run("echo", "hello")
    assert (result.returncode, result.stdout) == (0, "hello\n")


@pytest.mark.parametrize("link", ["/tmp", "../../..", "/dev"])
def test_proc_as_a_link_of_the_image_hides_nothing(bundle: Bundle, link: str) -> None:
    """CVE-2019-19921: masks must not fall on a folder of the image while procfs is elsewhere."""
    (bundle.rootfs / "proc").rmdir()
    (bundle.rootfs / "proc").symlink_to(link)
    result = bundle.run("sh", "-c", "ls -l /proc/keys /tmp/keys; echo x > /proc/sys/kernel/hostname && echo open")
    assert "open" not in result.stdout
    if result.returncode == 0:
        assert NULL in result.stdout


def test_a_volume_over_proc_is_refused_or_keeps_nothing_open(bundle: Bundle, tmp_path: Path) -> None:
    """The writes of CVE-2025-52881 went to files of a false procfs; nothing may be written there."""
    false = tmp_path / "false"
    (false / "sys/kernel").mkdir(parents=True)
    (false / "self/attr").mkdir(parents=True)
    files = [false / "sys/kernel/shmmni", false / "self/attr/exec", false / "self/oom_score_adj"]
    for file in files:
        file.write_text("untouched")
    bundle.mount("/proc", type="bind", source=str(false), options=["rbind"])
    bundle.spec["linux"]["sysctl"] = {"kernel.shmmni": "77"}
    bundle.spec["process"]["oomScoreAdj"] = 500
    result = bundle.run("true")
    assert [file.read_text() for file in files] == ["untouched"] * 3
    assert result.returncode != 0


@pytest.mark.parametrize("inside", ["/proc/sys", "/proc/sys/kernel", "/proc/self/attr"])
def test_a_file_system_over_a_part_of_proc_takes_no_write_of_the_runtime(bundle: Bundle, inside: str) -> None:
    bundle.spec["linux"]["sysctl"] = {"kernel.shmmni": "77"}
    bundle.mount(inside, type="tmpfs", source="tmpfs")
    result = bundle.run("cat", "/proc/sys/kernel/shmmni")
    assert result.returncode != 0
    assert "level=error" in result.stderr


@pytest.mark.parametrize("name", ["null", "console", "ptmx", "tty", "zero"])
def test_a_device_that_is_a_link_of_the_image_is_not_followed(bundle: Bundle, tmp_path: Path, name: str) -> None:
    """CVE-2025-31133 and CVE-2025-52565: without a tmpfs over /dev the image says what lies there."""
    secret = _secret(tmp_path)
    climb = "../" * 12 + str(secret).lstrip("/")
    for target in (str(secret), climb, "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"):
        bundle.spec["mounts"] = [
            entry for entry in bundle.spec["mounts"] if not entry["destination"].startswith("/dev")
        ]
        path = bundle.rootfs / "dev" / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        result = bundle.run(
            "sh", "-c", f"cat /dev/{name} < /dev/null | head -c 20; ls -l /proc/keys; head -c 1 /proc/keys"
        )
        assert "of the host" not in result.stdout
        assert result.returncode != 0 or NULL in result.stdout
        assert secret.read_text() == "of the host"


def test_a_mask_is_never_a_file_of_the_image(bundle: Bundle) -> None:
    """A mask that shows what the image put at /dev/null would let a program write to a kernel file's place."""
    bundle.spec["mounts"] = [entry for entry in bundle.spec["mounts"] if not entry["destination"].startswith("/dev")]
    (bundle.rootfs / "dev/null").write_text("of the image")
    result = bundle.run("sh", "-c", "cat /proc/keys; ls -l /proc/keys")
    assert "of the image" not in result.stdout
    assert result.returncode != 0 or NULL in result.stdout


@pytest.mark.parametrize("target", ["vol", "vol/below", "dev/vol"])
def test_a_mount_target_that_is_a_link_stays_inside(bundle: Bundle, tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = bundle.rootfs / target.split("/")[0]
    if link.exists():
        shutil.rmtree(link)
    link.symlink_to("../" * 12 + str(outside).lstrip("/"))
    before = _mounts_of_host()
    bundle.mount(f"/{target}", type="tmpfs", source="tmpfs")
    bundle.run("true")
    assert list(outside.iterdir()) == []
    assert _mounts_of_host() == before


class _Exchanger(threading.Thread):
    """Exchanges a folder and a link without a pause, as another container on the same volume would."""

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__()
        self._paths = (os.fsencode(first), os.fsencode(second))
        self._over = threading.Event()
        self.count = 0

    def run(self) -> None:
        libc = ctypes.CDLL(None)
        while not self._over.is_set():
            self.count += libc.renameat2(-100, self._paths[0], -100, self._paths[1], EXCHANGE) == 0

    def end(self) -> None:
        self._over.set()
        self.join()


def test_an_exchange_of_a_mount_target_and_a_link_leads_nowhere(bundle: Bundle, tmp_path: Path) -> None:
    """CVE-2021-30465."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (bundle.rootfs / "vol").mkdir()
    (bundle.rootfs / "link").symlink_to("../" * 12 + str(outside).lstrip("/"))
    bundle.mount("/vol/a", type="tmpfs", source="tmpfs")
    bundle.mount("/vol/b/c", type="bind", source=str(_secret(tmp_path)), options=["bind", "ro"])
    before = _mounts_of_host()
    exchanger = _Exchanger(bundle.rootfs / "vol", bundle.rootfs / "link")
    exchanger.start()
    try:
        for _ in range(25):
            bundle.run("true")
            bundle.runtime("delete", "--force", "hostile")
    finally:
        exchanger.end()
    assert exchanger.count > 25
    assert list(outside.iterdir()) == []
    assert _mounts_of_host() == before


@pytest.mark.parametrize("number", [3, 5, 7, 8, 9, 11, 13])
def test_a_leaked_descriptor_is_no_way_out_by_the_working_directory(bundle: Bundle, number: int) -> None:
    """CVE-2024-21626."""
    bundle.spec["process"]["cwd"] = f"/proc/self/fd/{number}"
    result = bundle.run("ls", "-a", "../../../../../../..")
    assert result.returncode != 0
    assert "work" not in result.stdout


def test_only_three_descriptors_are_open(bundle: Bundle) -> None:
    # The fourth is the folder that ls reads.
    assert bundle.run("ls", "/proc/self/fd").stdout.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("program", ["/proc/self/exe", "/bin/evil", "/bin/link"])
def test_the_runtimes_own_program_as_the_containers_is_not_to_be_overwritten(bundle: Bundle, program: str) -> None:
    """CVE-2019-5736."""
    (bundle.rootfs / "bin/evil").write_text("#!/proc/self/exe\n")
    (bundle.rootfs / "bin/evil").chmod(0o755)
    (bundle.rootfs / "bin/link").symlink_to("/proc/self/exe")
    bundle.spec["linux"]["seccomp"] = None
    script = "import os; os.open('/proc/self/exe', os.O_WRONLY); print('open')"
    result = bundle.run(program, "-c", script)
    assert "open" not in result.stdout
    assert result.returncode != 0
