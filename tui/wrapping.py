"""Breaks sentences into lines; a number stays with its unit."""

import re
import textwrap
from typing import Final

from tui.ansi import plain

LEAST: Final = 10
"""Cells below which words are broken anyway."""
_GLUE: Final = "\u00a0"
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:s|min|h|d|%|B|[KMGT]iB|cores|times)\b|%)")


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text of strangers or of ours; never empty."""
    glued = _UNIT.sub(_GLUE, plain(text))
    lines = textwrap.wrap(glued, max(LEAST, width)) or [""]
    return [line.replace(_GLUE, " ") for line in lines]
