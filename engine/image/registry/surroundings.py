"""The folders that the environment names."""

import os
from collections.abc import Mapping


def home_of(environment: Mapping[str, str]) -> str | None:
    """The user's home folder, an absolute path; None where there is none."""
    home = environment.get("HOME", "")
    return home if os.path.isabs(home) else None


def config_home(environment: Mapping[str, str]) -> str | None:
    """$XDG_CONFIG_HOME, else ~/.config. Source: the XDG base directory specification, which ignores relative paths."""
    folder = environment.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(folder):
        return folder
    home = home_of(environment)
    return f"{home}/.config" if home else None
