"""The `HostConfig` of `docker inspect`."""

from typing import Any

from engine.model import Bind, CreateOptions, DeviceRate, Limits


def host_config(options: CreateOptions) -> dict[str, Any]:
    """What the host gives the container. Zero is Docker's word for a limit that is not set."""
    return {
        "Binds": [_bind(bind) for bind in options.binds] or None,
        "NetworkMode": options.network,
        "RestartPolicy": {"Name": options.restart.name, "MaximumRetryCount": options.restart.max_retries},
        "AutoRemove": options.auto_remove,
        "CapAdd": list(options.cap_add) or None,
        "CapDrop": list(options.cap_drop) or None,
        "CgroupnsMode": "private",
        "IpcMode": "private",
        "PidMode": "",
        "UTSMode": "",
        "UsernsMode": "host",
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "Init": options.init,
        "Tmpfs": dict(options.tmpfs) or None,
        "Ulimits": [{"Name": limit.name, "Soft": limit.soft, "Hard": limit.hard} for limit in options.ulimits],
        **_limits(options.limits),
    }


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
