"""Where the engine keeps things.

    ROOT  /var/lib/quarterdeck     0700, survives a reboot
      image/                       an OCI image layout: oci-layout, index.json, blobs/
      layers/<hex of diff_id>/     unpacked once, shared by all images and containers
      containers/<id>/             record.json  state.json  upper/ work/  hostname hosts resolv.conf
      containers/<id>/runs/<n>/    output  index (see supervise/log.py)  spec.json  exit.json
      volumes/<name>/              volume.json  _data/ (see supervise/volumes.py)
      networks/<id>.json           one network (see supervise/networks/store.py)
      events                       the journal, one JSON object a line
    RUN   /run/quarterdeck         0700, gone after a reboot
      supervisor.sock  keeper.sock
      rootfs/                      an empty directory: each container mounts its root there, in its own mount namespace

`--root`, `--run`, QUARTERDECK_ROOT and QUARTERDECK_RUN move both, so that several engines never meet.
"""

import os
from typing import NamedTuple

DEFAULT_ROOT = "/var/lib/quarterdeck"
DEFAULT_RUN = "/run/quarterdeck"


class Paths(NamedTuple):
    """The two folders of one engine; both absolute."""

    root: str
    run: str

    @property
    def socket(self) -> str:
        """Where the supervisor listens."""
        return f"{self.run}/supervisor.sock"

    @property
    def keeper_socket(self) -> str:
        """Where the keeper listens."""
        return f"{self.run}/keeper.sock"

    @property
    def rootfs(self) -> str:
        """The mount point of every container's root, each in its own mount namespace."""
        return f"{self.run}/rootfs"

    @property
    def images(self) -> str:
        """The OCI image layout."""
        return f"{self.root}/image"

    @property
    def layers(self) -> str:
        """The unpacked layers."""
        return f"{self.root}/layers"

    @property
    def containers(self) -> str:
        """One folder a container."""
        return f"{self.root}/containers"

    @property
    def volumes(self) -> str:
        """One folder a volume."""
        return f"{self.root}/volumes"

    @property
    def networks(self) -> str:
        """One record a network."""
        return f"{self.root}/networks"

    @property
    def events(self) -> str:
        """The journal."""
        return f"{self.root}/events"

    def container(self, container_id: str) -> str:
        """The folder of one container."""
        return f"{self.root}/containers/{container_id}"

    def run_folder(self, container_id: str, run: int) -> str:
        """The folder of one run of one container."""
        return f"{self.root}/containers/{container_id}/runs/{run}"


def from_environment(root: str | None = None, run: str | None = None) -> Paths:
    """The folders that the options, else the environment, else the defaults name."""
    root = root or os.environ.get("QUARTERDECK_ROOT") or DEFAULT_ROOT
    run = run or os.environ.get("QUARTERDECK_RUN") or DEFAULT_RUN
    return Paths(os.path.abspath(root), os.path.abspath(run))
