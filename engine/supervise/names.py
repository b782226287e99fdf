"""Names for containers that were given none, and the rule for those that were."""

import random
import re

from engine import errors

_ALLOWED = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_QUALITIES = (
    "able amber bold brave bright brisk calm clear clever crisp deep eager early fair fleet fresh gentle glad golden "
    "grand green hardy honest humble jolly keen kind light lively loyal lucky mellow merry mild neat noble north open "
    "plain polar proud quick quiet rapid ready royal sharp silent silver sleek smart snug solid sound spry steady "
    "still stout sunny swift tidy true trusty upbeat vivid warm west wise young zesty"
).split()
_THINGS = (
    "anchor barge beacon berth boom bosun bow bowline brig buoy cable canvas capstan cleat clipper compass coral crew "
    "current cutter davit deck dinghy dock dolphin drift ferry fjord fleet galley gangway gull gunwale halyard harbour "
    "hatch haven helm hull island jetty jib keel ketch kite lagoon lantern lookout mainsail marina mast mizzen mooring "
    "oar pilot pier pennant porthole prow quay rigging rudder sail schooner sextant shoal sloop spar spinnaker sprit "
    "starboard stern strait surf tide tiller topsail trawler tug wake wharf winch yawl"
).split()


def check(name: str) -> str:
    """The name, if it may be one. Raises `InvalidInput`."""
    if not _ALLOWED.fullmatch(name):
        raise errors.InvalidInput(
            f"{name[:64]!r} cannot be a container's name",
            hint="use letters, digits, '_', '.' and '-', beginning with a letter or digit, 128 at most",
        )
    return name


def make_up(taken: set[str]) -> str:
    """A name that nobody has: quality_thing, with a number when those run out."""
    for number in range(10_000):
        name = f"{random.choice(_QUALITIES)}_{random.choice(_THINGS)}"  # noqa: S311  # a name is no secret
        name = name if number < 20 else f"{name}{number}"
        if name not in taken:
            return name
    raise errors.Conflict("no name is left to make up", hint="name it yourself: --name")
