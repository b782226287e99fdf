"""What only root can make goes both ways between us and other programs: owners, devices, capabilities, set-id bits."""

import io
import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.tar_blocks import read

from engine.archive.member import Member
from engine.archive.writer import Writer

pytestmark = pytest.mark.requires("root")

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")
"""cap_net_bind_service, effective. Source: linux/capability.h, vfs_cap_data of revision 2."""
XATTRS = {b"security.capability": CAPABILITY, b"trusted.name": b"\0\xff"}
OWNER, GROUP = 0x70000000, 3_000_000_000
HIGH = os.makedev(0xFFF, 0xFFFFF)

PROGRAMS = pytest.mark.parametrize(
    "program",
    [
        pytest.param(["tar", "--xattrs", "--xattrs-include=*"], marks=pytest.mark.requires("tar"), id="tar"),
        pytest.param(["bsdtar", "--xattrs"], marks=pytest.mark.requires("bsdtar"), id="bsdtar"),
    ],
)
MEMBERS = (
    Member(path=b"program", kind=stat.S_IFREG, mode=0o6755, uid=OWNER, gid=GROUP, xattrs=XATTRS),
    Member(path=b"null", kind=stat.S_IFCHR, mode=0o666, device=os.makedev(1, 3)),
    Member(path=b"disk", kind=stat.S_IFBLK, mode=0o660, gid=6, device=HIGH),
    Member(path=b"pipe", kind=stat.S_IFIFO, mode=0o600, uid=1000),
    Member(path=b"link", kind=stat.S_IFLNK, mode=0o777, uid=OWNER, gid=GROUP, target=b"program"),
)


def _attributes(path: str) -> Member:
    """What lies at a path, as a member."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    names = [] if kind == stat.S_IFLNK else os.listxattr(path)
    return Member(
        path=os.fsencode(os.path.basename(path)),
        kind=kind,
        mode=stat.S_IMODE(info.st_mode),
        uid=info.st_uid,
        gid=info.st_gid,
        mtime_ns=info.st_mtime_ns,
        target=os.fsencode(os.readlink(path)) if kind == stat.S_IFLNK else b"",
        device=info.st_rdev,
        xattrs={os.fsencode(name): os.getxattr(path, name) for name in names},
    )


@PROGRAMS
def test_what_we_have_packed_is_unpacked_with_all_its_attributes(program: list[str], tmp_path: Path) -> None:
    _unpack(program, tmp_path)
    for member in MEMBERS:
        found = _attributes(f"{tmp_path}/{os.fsdecode(member.path)}")
        assert found == member


@PROGRAMS
def test_what_a_program_has_packed_is_read_with_all_its_attributes(program: list[str], tmp_path: Path) -> None:
    _unpack(["tar", "--xattrs", "--xattrs-include=*"], tmp_path)
    made = subprocess.run([*program, "--format=pax", "-cf", "-", "-C", tmp_path, "."], capture_output=True)
    assert made.returncode == 0, made.stderr
    found = {member.path: member for member, _ in read(made.stdout)}
    for member in MEMBERS:
        assert found[member.path] == member


def _unpack(program: list[str], folder: Path) -> None:
    output = io.BytesIO()
    writer = Writer(output)
    for member in MEMBERS:
        writer.add(member)
    writer.close()
    command = [*program, "-xpf", "-", "--numeric-owner", "-C", folder]
    unpacked = subprocess.run(command, input=output.getvalue(), capture_output=True)
    assert unpacked.returncode == 0, unpacked.stderr
