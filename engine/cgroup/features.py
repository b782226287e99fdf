"""What an OCI runtime says of cgroups when it is asked for its features. Source: OCI runtime-spec 1.2, features.md."""


def cgroup() -> dict[str, bool]:
    """`linux.cgroup`: what this program can do, whatever the host has."""
    return {"v1": True, "v2": True, "systemd": False, "systemdUser": False, "rdma": True}
