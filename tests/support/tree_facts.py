"""Everything that can be known of a tree of files, to compare two of them.

python tree_facts.py FOLDER               the tree as it is
python tree_facts.py -- LOWER ...         the tree that an overlay of these shows, top first; in a mount namespace
                                          of its own, so that no mount is left
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from typing import Any

Facts = dict[str, dict[str, Any]]
"""Path beneath the tree, bytes that are not UTF-8 escaped -> what is true of it."""


def of_tree(root: str) -> Facts:
    """What is true of each file of a tree."""
    facts: Facts = {}
    first: dict[tuple[int, int], str] = {}
    for folder, folders, names in os.walk(os.fsencode(root)):
        folders.sort()
        for name in sorted([*folders, *names, *([b"."] if folder == os.fsencode(root) else [])]):
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, os.fsencode(root)).decode("utf-8", "backslashreplace")
            facts[inside] = _of_file(path, inside, first)
    return facts


def of_stack(lowers: list[str]) -> Facts:
    """What an overlay of unpacked layers, top first, shows of each file."""
    return _asked(["stack", *lowers])


def of_changed(lowers: list[str], folder: str, script: str) -> Facts:
    """The same after a shell script has changed it, which leaves its changes in `folder`/upper."""
    for name in ("upper", "work"):
        os.mkdir(f"{folder}/{name}")
    return _asked(["changed", script, folder, *lowers])


def of_folder(root: str) -> Facts:
    """The same as `of_tree`, by a process of its own."""
    return _asked(["tree", root])


def difference(left: Facts, right: Facts) -> list[str]:
    """What is not the same, a line for each file and fact."""
    lines = [f"{path}: only on the left" for path in left.keys() - right.keys()]
    lines += [f"{path}: only on the right" for path in right.keys() - left.keys()]
    for path in left.keys() & right.keys():
        keys = left[path].keys() | right[path].keys()
        lines += [
            f"{path}: {key} {left[path].get(key)!r} != {right[path].get(key)!r}"
            for key in keys
            if left[path].get(key) != right[path].get(key)
        ]
    return sorted(lines)


def _of_file(path: bytes, inside: str, first: dict[tuple[int, int], str]) -> dict[str, Any]:
    info = os.lstat(path)
    facts: dict[str, Any] = {
        "mode": oct(info.st_mode),
        "owner": [info.st_uid, info.st_gid],
        "mtime_ns": info.st_mtime_ns,
        "xattrs": {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in _xattrs(path)},
    }
    if stat.S_ISLNK(info.st_mode):
        facts["target"] = os.readlink(path).decode("utf-8", "backslashreplace")
    if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        facts["device"] = [os.major(info.st_rdev), os.minor(info.st_rdev)]
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            facts |= {"size": info.st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    if not stat.S_ISDIR(info.st_mode):
        facts["same as"] = first.setdefault((info.st_dev, info.st_ino), inside)
    return facts


def _xattrs(path: bytes) -> list[str]:
    return [name for name in sorted(os.listxattr(path, follow_symlinks=False)) if ".overlay." not in name]


def _asked(words: list[str]) -> Facts:
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, *words]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    facts: Facts = json.loads(result.stdout)
    return facts


def _of_overlay(options: str, script: str) -> Facts:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, folder], check=True)
        try:
            subprocess.run(["sh", "-ec", script], check=True, cwd=folder, stdout=sys.stderr)
            return of_tree(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def _main(kind: str, words: list[str]) -> Facts:
    if kind == "tree":
        return of_tree(words[0])
    if kind == "changed":
        script, folder, *lowers = words
        options = f"lowerdir={':'.join(lowers)},upperdir={folder}/upper,workdir={folder}/work"
        return _of_overlay(options, script)
    with tempfile.TemporaryDirectory(dir="/tmp") as empty:  # an overlay without an upper layer needs two
        return _of_overlay(f"lowerdir={':'.join([*words, empty])}", "true")


if __name__ == "__main__":
    json.dump(_main(sys.argv[1], sys.argv[2:]), sys.stdout)
