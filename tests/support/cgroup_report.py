"""Say as JSON what `Cgroups` finds and does where this runs: for a mount namespace of its own.

    unshare --mount python -I cgroup_report.py FOLDER-OF-THE-ENGINE MODE

MODE is `read-only` (every cgroup mount is made so) or `none` (all are unmounted).
"""

import json
import subprocess
import sys


def main(mode: str) -> None:
    """Change the mounts, which nobody else sees, and print what is left."""
    from engine.cgroup import detect
    from engine.cgroup.kernfs import REAL
    from engine.cgroup.manager import Cgroups

    for mount in detect.mounts(REAL.read("/proc/self/mountinfo")):
        change = ["umount"] if mode == "none" else ["mount", "-o", "remount,bind,ro"]
        subprocess.run([*change, mount.path], check=True)
    cgroups = Cgroups.detect()
    placement = cgroups.create("report", {"memory": {"limit": 1 << 26}, "pids": {"limit": 5}})
    sampler = cgroups.sampler("report")
    sample = sampler.sample()
    sampler.close()
    cgroups.delete("report")
    report = {
        "kind": cgroups.kind,
        "controllers": cgroups.controllers,
        "warnings": cgroups.warnings,
        "placement": placement,
        "memory": sample.memory_bytes,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main(sys.argv[2])
