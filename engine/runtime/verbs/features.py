"""`features`: what this runtime can do, in the form of the specification's features.md."""

import json
import sys
from typing import Any

from engine.cgroup import features as cgroup_features
from engine.runtime import arguments
from engine.runtime.call import Call
from engine.runtime.main import SPEC_VERSION
from engine.sandbox import capabilities, hooks, labels, libseccomp, namespaces, options, seccomp, seccomp_names
from engine.version import VERSION

USAGE = "\nshow the enabled features"
OPTIONS = ()


def main(call: Call) -> int:
    """JSON, indented."""
    arguments.count(call.given.arguments, exactly=0, verb=call.verb)
    sys.stdout.write(json.dumps(features(), indent=4) + "\n")
    return 0


def features() -> dict[str, Any]:
    """Source: OCI runtime-spec 1.2, features.md and features-linux.md."""
    return {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": SPEC_VERSION,
        "hooks": list(hooks.KINDS),
        "mountOptions": sorted({*options.KNOWN, *options.EXTENSIONS}),
        "linux": _linux(),
        "annotations": {"org.quarterdeck.version": VERSION},
        "potentiallyUnsafeConfigAnnotations": [],
    }


def _linux() -> dict[str, Any]:
    return {
        "namespaces": sorted(namespaces.FLAGS),
        "capabilities": list(capabilities.NAMES),
        "cgroup": cgroup_features.cgroup(),
        "seccomp": _seccomp(),
        "apparmor": {"enabled": labels.apparmor_enabled()},
        "selinux": {"enabled": labels.selinux_enabled()},
        "intelRdt": {"enabled": False},
        "mountExtensions": {"idmap": {"enabled": True}},
    }


def _seccomp() -> dict[str, Any]:
    try:
        libseccomp.version()
    except Exception:  # noqa: BLE001 - whatever keeps the library from loading, there are no filters then
        return {"enabled": False}
    return {
        "enabled": True,
        "actions": sorted(seccomp_names.ACTIONS),
        "operators": sorted(seccomp_names.OPERATORS),
        "archs": sorted(seccomp_names.ARCHITECTURES),
        "knownFlags": sorted(seccomp_names.FLAGS),
        "supportedFlags": sorted(seccomp.supported_flags()),
    }
