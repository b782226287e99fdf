"""`--restart`, `--ulimit`: small grammars of a word and its numbers.

The values of `engine.model` are imported where a flag makes one: a command without the flag is quicker by their import.
"""

import re
from typing import TYPE_CHECKING, Final

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import RestartPolicy, Ulimit

ULIMITS: Final = frozenset(
    "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()
)
"""The names of prlimit(2), in lower case and without RLIMIT_."""
_NUMBER: Final = re.compile(r"-1|[0-9]{1,18}")


def parse_restart(text: str) -> "RestartPolicy":
    """`no`, `always`, `unless-stopped`, `on-failure[:TIMES]`. Raises `InvalidInput`."""
    from engine.model import RestartPolicy

    name, colon, times = text.partition(":")
    hint = "no, always, unless-stopped, on-failure or on-failure:5"
    if name not in ("no", "always", "unless-stopped", "on-failure"):
        raise InvalidInput(f"'{text}' is not a restart policy", hint=hint)
    if colon and (name != "on-failure" or not re.fullmatch(r"[0-9]{1,9}", times)):
        raise InvalidInput(f"'{text}' has a number of attempts that is none", hint=hint)
    return RestartPolicy(name=name, max_retries=int(times or 0))


def parse_ulimit(text: str) -> "Ulimit":
    """`NAME=SOFT[:HARD]`; -1 is unlimited, one number is both. Raises `InvalidInput`."""
    from engine.model import Ulimit

    name, _equals, values = text.partition("=")
    soft, colon, hard = values.partition(":")
    hard = hard if colon else soft
    if name not in ULIMITS:
        raise InvalidInput(f"'{name}' is not a resource limit", hint=f"one of {', '.join(sorted(ULIMITS))}")
    if not _NUMBER.fullmatch(soft) or not _NUMBER.fullmatch(hard):
        raise InvalidInput(f"'{text}' is not a resource limit", hint="for example nofile=1024:2048")
    limit = Ulimit(name=name, soft=int(soft), hard=int(hard))
    if limit.hard != -1 and (limit.soft == -1 or limit.soft > limit.hard):
        raise InvalidInput(f"the soft limit in '{text}' is above the hard one", hint="for example nofile=1024:2048")
    return limit
