"""An image with every hard case of layers: three of them, written by `tarfile` and not by the engine's own writer.

1 has everything; 2 takes away, replaces and goes through a symbolic link; 3 turns some of that round again.
"""

import io
import struct
import tarfile
from collections.abc import Mapping
from typing import Any

MOMENT = 1_234_567_890
LONG = "n" * 200
NOT_UTF8 = b"caf\xe9-\xff".decode("utf-8", "surrogateescape")
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
"""cap_net_raw, permitted and effective. Source: capabilities(7), "File capability extended attribute versioning"."""
_NOBODY = 0xFFFFFFFF
ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in ((1, 6, _NOBODY), (2, 4, 1000), (4, 4, _NOBODY), (16, 4, _NOBODY), (32, 0, _NOBODY))
)
"""u::rw- u:1000:r-- g::r-- m::r-- o::---. Source: acl(5), linux/posix_acl_xattr.h."""


class Layer:
    """One layer that grows."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(
        self,
        name: str,
        kind: bytes = tarfile.REGTYPE,
        content: bytes = b"",
        mode: int = 0o644,
        owner: tuple[int, int] = (0, 0),
        target: str = "",
        device: tuple[int, int] = (0, 0),
        xattrs: Mapping[str, bytes] = {},
        time: str = str(MOMENT),
        pax: Mapping[str, str] = {},
    ) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.mode, member.linkname, member.size = kind, mode, target, len(content)
        member.uid, member.gid = owner
        member.devmajor, member.devminor = device
        whole = time.partition(".")[0]
        member.mtime = max(0, int(whole))
        extended = {f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape") for key, value in xattrs.items()}
        member.pax_headers = {**extended, **pax, **({} if time == str(member.mtime) else {"mtime": time})}
        self._tar.addfile(member, io.BytesIO(content))

    def folder(self, name: str, mode: int = 0o755, **fields: Any) -> None:
        self.add(name, tarfile.DIRTYPE, mode=mode, **fields)

    def link(self, name: str, target: str, **fields: Any) -> None:
        self.add(name, tarfile.SYMTYPE, target=target, mode=0o777, **fields)

    def hard_link(self, name: str, target: str, **fields: Any) -> None:
        self.add(name, tarfile.LNKTYPE, target=target, **fields)

    def sparse(self, name: str, pieces: list[tuple[int, bytes]], size: int) -> None:
        """GNU's sparse format 1.0: a map in front of what is there."""
        folder, _, base = name.rpartition("/")
        numbers = [len(pieces), *(number for offset, data in pieces for number in (offset, len(data)))]
        table = "".join(f"{number}\n" for number in numbers).encode()
        content = table + bytes(-len(table) % 512) + b"".join(data for _, data in pieces)
        says = {"major": "1", "minor": "0", "name": name, "realsize": str(size)}
        self.add(f"{folder}/GNUSparseFile.1/{base}", content=content,
                 pax={f"GNU.sparse.{key}": value for key, value in says.items()})  # fmt: skip

    def bytes(self) -> bytes:
        self._tar.close()
        return self._buffer.getvalue()


def layers(*, sparse: bool = True, link_from_below: bool = True) -> list[bytes]:
    """The archives of the layers, from the bottom up.

    podman and Docker cannot write back what they have read of a sparse file, and Docker cannot unpack a hard link to
    a file of a layer below: for these they are left out.
    """
    return [_first(sparse), _second(link_from_below), _third()]


def _first(sparse: bool) -> bytes:
    layer = Layer()
    layer.folder("./", mode=0o755)
    for name in ("bin", "etc", "usr", "usr/lib", "links", "attributes", "gone", "gone/dir", "opaque", "opaque/sub",
                 "swap", "swap/dir", "swap/twice", "kept", "kept/deep", f"kept/{LONG}", "odd", "dev"):  # fmt: skip
        layer.folder(name, time=f"{MOMENT + len(name)}.000000001")
    layer.link("lib", "usr/lib", time="1234567890.987654321")
    layer.add("etc/hosts", content=b"127.0.0.1 localhost\n", time="1234567890.123456789")
    layer.add("bin/tool", content=b"#!/bin/sh\n" * 100, mode=0o755)
    _attributes(layer)
    _links(layer)
    for name in ("gone/file", "gone/dir/inside", "opaque/old", "opaque/sub/older", "swap/dir/inside", "swap/file",
                 "swap/twice/inside", "kept/deep/file", "usr/lib/library"):  # fmt: skip
        layer.add(name, content=name.encode(), time=f"{MOMENT}.5")
    layer.add(f"kept/{LONG}/{LONG}", content=b"long")
    layer.add(f"odd/{NOT_UTF8}", content=b"bytes")
    layer.folder("odd/ spaces\tand\nlines", mode=0o700)
    layer.add("odd/-rf", content=b"")
    if sparse:
        layer.sparse("odd/sparse", [(0, b"begin"), (8 << 20, b"middle"), ((16 << 20) - 3, b"end")], 16 << 20)
        layer.sparse("odd/hollow", [], 4 << 20)
    return layer.bytes()


def _attributes(layer: Layer) -> None:
    layer.add("attributes/setuid", content=b"x", mode=0o4755)
    layer.add("attributes/setgid", content=b"x", mode=0o2750, owner=(1000, 100))
    layer.folder("attributes/sticky", mode=0o1777)
    layer.folder("attributes/group", mode=0o2775, owner=(0, 50))
    layer.add("attributes/secret", content=b"x", mode=0o000)
    layer.add("attributes/owned", content=b"x", owner=(65534, 65534))
    layer.add("attributes/far", content=b"x", owner=(3_000_000, 4_000_000_000))
    layer.add("attributes/capable", content=b"x", mode=0o755, xattrs={"security.capability": CAPABILITY})
    layer.add("attributes/noted", content=b"x", xattrs={"user.note": b"a = b\n\xff"})
    layer.folder("attributes/noted-folder", xattrs={"user.note": b"folder"})
    layer.add("attributes/acl", content=b"x", mode=0o640, xattrs={"system.posix_acl_access": ACL})
    layer.folder("attributes/acl-folder", xattrs={"system.posix_acl_default": ACL})
    layer.add("attributes/old", content=b"x", time="-86400.25")
    layer.add("attributes/trusted", content=b"x", xattrs={"trusted.note": b"root's"})
    layer.add("dev/null", tarfile.CHRTYPE, mode=0o666, device=(1, 3))
    layer.add("dev/loop", tarfile.BLKTYPE, mode=0o660, owner=(0, 6), device=(7, 300))
    layer.add("dev/pipe", tarfile.FIFOTYPE, mode=0o622, time=f"{MOMENT}.25")


def _links(layer: Layer) -> None:
    layer.add("links/first", content=b"linked", time=f"{MOMENT}.75")
    layer.hard_link("links/second", "links/first")
    layer.hard_link("etc/third", "./links/first")
    layer.add("links/one", content=b"stays linked")
    layer.hard_link("etc/two", "links/one")
    layer.link("links/relative", "../etc/hosts")
    layer.link("links/absolute", "/etc/hosts")
    layer.link("links/dangling", "/nothing/here", owner=(1000, 1000), time=f"{MOMENT}.125")
    layer.hard_link("links/of-a-link", "links/relative")
    layer.link("links/long", "/".join([LONG] * 3))


def _second(link_from_below: bool) -> bytes:
    layer = Layer()
    layer.add("gone/.wh.file")
    layer.add("gone/.wh.dir")
    layer.folder("opaque", time=f"{MOMENT + 50}.5")
    layer.add("opaque/.wh..wh..opq")
    layer.add("opaque/new", content=b"new")
    layer.folder("opaque/sub", mode=0o711)
    layer.add("swap/dir", content=b"now a file")
    layer.folder("swap/file", time=f"{MOMENT + 60}.5")
    layer.add("swap/file/inside", content=b"in what was a file")
    layer.add("swap/twice", content=b"a file for now")
    layer.add("lib/through-a-link", content=b"in usr/lib")
    if link_from_below:
        layer.hard_link("links/from-below", "links/first")
    layer.add("links/.wh.second")
    layer.folder("kept", mode=0o750, owner=(1000, 1000), time=f"{MOMENT + 70}.5")
    layer.add("bin/tool", content=b"replaced", mode=0o755, time=f"{MOMENT + 80}")
    layer.link("etc/hosts", "hosts.real")
    layer.add("etc/hosts.real", content=b"::1 localhost\n")
    return layer.bytes()


def _third() -> bytes:
    layer = Layer()
    layer.folder("swap/dir", mode=0o700, time=f"{MOMENT + 90}.5")
    layer.add("swap/dir/again", content=b"a directory again")
    layer.folder("swap/twice", time=f"{MOMENT + 91}.5")
    layer.add("swap/.wh.file")
    layer.add("gone/file", content=b"back")
    layer.add("opaque/old", content=b"back too")
    layer.add("etc/.wh.hosts.real")
    layer.add("new/implied/parents", content=b"x", time=f"{MOMENT + 92}.5")
    return layer.bytes()
