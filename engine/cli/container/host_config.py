"""The `HostConfig` of `docker inspect`."""

from typing import Any, Final

from engine.cli.container.network_view import network_config
from engine.model import Bind, Container, CreateOptions, Device, DeviceRate, Limits, VolumeMount

_SHM: Final = 64 << 20
_OWN: Final = "private"


def host_config(container: Container, spec: dict[str, Any] | None) -> dict[str, Any]:
    """What the host gives the container. Zero is Docker's word for a limit that is not set."""
    options = container.options
    return {
        "Binds": [*map(_bind, options.binds), *map(_named, options.volumes)] or None,
        "VolumesFrom": list(options.volumes_from) or None,
        **network_config(options),
        "RestartPolicy": {"Name": options.restart.name, "MaximumRetryCount": options.restart.max_retries},
        "AutoRemove": options.auto_remove,
        "CapAdd": list(options.cap_add) or None,
        "CapDrop": list(options.cap_drop) or None,
        "CgroupnsMode": options.cgroupns or _OWN,
        "IpcMode": options.ipc or _OWN,
        "PidMode": options.pid,
        "UTSMode": options.uts,
        **_user_ids(container),
        **_security(options, spec),
        "Devices": [_device(device) for device in options.devices] or None,
        "DeviceCgroupRules": list(options.device_rules) or None,
        "GroupAdd": list(options.groups) or None,
        "Sysctls": dict(options.sysctls) or None,
        "ShmSize": options.shm_bytes or _SHM,
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "Init": options.init,
        "Tmpfs": dict(options.tmpfs) or None,
        "Ulimits": [{"Name": limit.name, "Soft": limit.soft, "Hard": limit.hard} for limit in options.ulimits],
        **_limits(options.limits),
    }


def _user_ids(container: Container) -> dict[str, Any]:
    """Its user namespace, and of its ids the first on the host and how many they are; podman's form."""
    if container.ids is None:
        return {"UsernsMode": "host"}
    first, size = container.ids
    mapping = [f"0:{first}:{size}"]
    return {
        "UsernsMode": container.options.userns or _OWN,
        "IDMappings": {"UidMap": mapping, "GidMap": mapping},
    }


def _security(options: CreateOptions, spec: dict[str, Any] | None) -> dict[str, Any]:
    """`--security-opt` as it was meant, and the paths of the last run that were hidden and read-only."""
    words = [
        f"no-new-privileges={str(options.no_new_privileges).lower()}" if options.no_new_privileges is not None else "",
        f"seccomp={options.seccomp}" if options.seccomp else "",
        f"apparmor={options.apparmor}" if options.apparmor else "",
        f"label={options.selinux}" if options.selinux else "",
        f"mask={':'.join(options.masked)}" if options.masked else "",
        f"unmask={':'.join(options.unmasked)}" if options.unmasked else "",
    ]
    linux = (spec or {}).get("linux", {})
    return {
        "SecurityOpt": list(filter(None, words)) or None,
        "MaskedPaths": linux.get("maskedPaths"),
        "ReadonlyPaths": linux.get("readonlyPaths"),
    }


def _device(device: Device) -> dict[str, str]:
    return {"PathOnHost": device.source, "PathInContainer": device.target, "CgroupPermissions": device.access}


def _named(mount: VolumeMount) -> str:
    return f"{mount.name}:{mount.target}" + (":ro" if mount.read_only else "")


def _limits(limits: Limits) -> dict[str, Any]:
    return {
        "Memory": limits.memory_bytes or 0,
        "MemorySwap": limits.memory_swap_bytes or 2 * (limits.memory_bytes or 0),
        "MemoryReservation": limits.memory_reservation_bytes or 0,
        "NanoCpus": round((limits.cpus or 0) * 1e9),
        "CpuShares": limits.cpu_shares or 0,
        "CpuPeriod": limits.cpu_period_usec or 0,
        "CpuQuota": limits.cpu_quota_usec or 0,
        "CpusetCpus": limits.cpuset_cpus or "",
        "CpusetMems": limits.cpuset_mems or "",
        "PidsLimit": limits.pids,
        "BlkioWeight": limits.blkio_weight or 0,
        "BlkioDeviceReadBps": _rates(limits.device_read_bps),
        "BlkioDeviceWriteBps": _rates(limits.device_write_bps),
        "BlkioDeviceReadIOps": _rates(limits.device_read_iops),
        "BlkioDeviceWriteIOps": _rates(limits.device_write_iops),
    }


def _rates(rates: tuple[DeviceRate, ...]) -> list[dict[str, Any]]:
    return [{"Path": rate.path, "Rate": rate.rate} for rate in rates]


def _bind(bind: Bind) -> str:
    options = [
        word for word, is_set in (("ro", bind.read_only), (bind.propagation, bind.propagation != "rprivate")) if is_set
    ]
    return ":".join(filter(None, [bind.source, bind.target, ",".join(options)]))
