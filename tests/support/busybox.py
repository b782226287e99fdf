"""A root directory of one program, for other engines' images and for bundles."""

import os
import shutil

from support.handmade import copy_library, libraries

APPLETS = "sh cat echo sleep id ls stty tty kill head mount true false wc touch env mkdir mknod ln rm grep".split()
PASSWD = "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/:/bin/sh\n"
GROUP = "root:x:0:\nbob:x:1000:\n"


def make_root(folder: str) -> str:
    """Fill a new folder with busybox and its libraries, if it has any; returns the folder."""
    for name in ("bin", "etc", "tmp", "root", "proc", "sys", "dev"):
        os.makedirs(f"{folder}/{name}")
    found = shutil.which("busybox")
    assert found is not None, "this host has no busybox"
    shutil.copy(os.path.realpath(found), f"{folder}/bin/busybox")
    for library in libraries(found):
        copy_library(library, folder)
    for applet in APPLETS:
        os.symlink("busybox", f"{folder}/bin/{applet}")
    for path, text in (("passwd", PASSWD), ("group", GROUP)):
        with open(f"{folder}/etc/{path}", "w") as file:
            file.write(text)
    return folder
