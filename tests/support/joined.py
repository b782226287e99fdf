"""Where a process is in the cgroup tree, for containers that another engine has named."""

from pathlib import Path


def cgroup_file(pid: str, controller: str, v1: str, v2: str) -> str:
    """The text of a file of the cgroup that a process is in, on v1 or, where the controller is not there, on v2."""
    unified = ""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return Path(f"/sys/fs/cgroup/{controller}{path}/{v1}").read_text().strip()
        unified = unified if controllers else path
    return Path(f"/sys/fs/cgroup{unified}/{v2}").read_text().strip()
