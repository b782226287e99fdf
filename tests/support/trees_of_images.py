"""The image with every hard case in stores of ours and in umoci's bundles, made comparable."""

import io
import os

from support import image_archives as archives
from support import tree_facts
from support.other_tools import Tools
from support.tree_facts import Facts

from engine.archive.limits import Limits
from engine.image.formats.load import load
from engine.image.store.images import Store

NAME = "localhost/hard:1"
MADE_UP = (".", "new", "new/implied")
"""Directories that no layer gives a time: whoever unpacks makes one up."""
PARTED = {"etc/third", "links/first", "links/from-below"}
"""One file, which two layers have: an overlay, Docker's too, shows those of the lower one as a file of its own."""


def take_files(store: Store, files: archives.Files) -> Store:
    """The store, with the images of an archive of these files."""
    load(store, io.BytesIO(archives.tar(files)), limits=Limits(), say=lambda _event: None)
    return store


def comparable(facts: Facts) -> Facts:
    """Without what each tool is free to make up."""
    for path in MADE_UP:
        del facts[path]["mtime_ns"]
    for path in facts.keys() & PARTED:
        del facts[path]["same as"]
    return facts


def unpacked_by_umoci(tools: Tools, layout: str, name: str = NAME) -> Facts:
    """What umoci unpacks of an image in a layout."""
    bundle = tools.path(f"bundle-{os.urandom(4).hex()}")
    tools.umoci("unpack", "--image", f"{layout}:{name}", bundle)
    return comparable(tree_facts.of_folder(f"{bundle}/rootfs"))
