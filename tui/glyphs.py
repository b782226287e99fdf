"""The sign of each state: a shape of its own, so that nobody needs the colour to tell them apart."""

from typing import Final

from tui.rows import Trouble

GLYPHS: Final = {
    Trouble.OOM: "✖",
    Trouble.LOOP: "↻",
    Trouble.FAILED: "▲",
    Trouble.THROTTLED: "◐",
    Trouble.PAUSED: "‖",
    Trouble.RUNNING: "●",
    Trouble.CREATED: "○",
    Trouble.ENDED: "■",
}
LOOKS: Final = {
    Trouble.OOM: "bad",
    Trouble.LOOP: "bad",
    Trouble.FAILED: "bad",
    Trouble.THROTTLED: "warn",
    Trouble.PAUSED: "accent",
    Trouble.RUNNING: "good",
    Trouble.CREATED: "muted",
    Trouble.ENDED: "muted",
}
WORDS: Final = {
    Trouble.OOM: "out of memory",
    Trouble.LOOP: "restarting",
    Trouble.FAILED: "failed",
    Trouble.THROTTLED: "throttled",
    Trouble.PAUSED: "frozen",
    Trouble.RUNNING: "running",
    Trouble.CREATED: "created",
    Trouble.ENDED: "ended",
}
"""For a count: "2 failed"."""
