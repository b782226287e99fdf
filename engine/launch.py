"""Starts one of the engine's own processes: `python -I [-S] launch.py ROLE ARGUMENT...`.

Isolated mode ignores PYTHONPATH, the user's site and the current directory, so that nothing foreign is imported into
a root process; the folder above `engine/` is put on the path by hand.
"""

import importlib
import os
import sys

ROLES = {
    "keeper": "engine.supervise.keeper",
    "supervisor": "engine.supervise.supervisor",
    "worker": "engine.supervise.worker",
}


def command(role: str, *arguments: str, site: bool = True) -> list[str]:
    """The argument list that starts `role`; without `site` the process has the standard library alone."""
    flags = ["-I"] if site else ["-I", "-S"]
    return [sys.executable, *flags, os.path.abspath(__file__), role, *arguments]


def main() -> int:
    """Run the role that argv names."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    module = importlib.import_module(ROLES[sys.argv[1]])
    code: int = module.main(sys.argv[2:])
    return code


if __name__ == "__main__":
    sys.exit(main())
