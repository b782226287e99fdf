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
    "relay": "engine.network.ports.relaying.process",
    "worker": "engine.supervise.working",
}

SURROUNDINGS = (
    *("PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"),
    *("CONTAINERS_REGISTRIES_CONF", "CONTAINERS_REGISTRIES_CONF_DIR"),
    *("SOURCE_DATE_EPOCH", "QUARTERDECK_LAYER_BYTES_MAX", "QUARTERDECK_LAYER_ENTRIES_MAX"),
)
"""What a worker takes over of the environment of the command that it works for, and nothing else."""


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
