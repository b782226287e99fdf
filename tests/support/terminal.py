"""A person at a terminal, played by tmux: types, looks at the screen, waits for a text."""

import os
import shlex
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from support.waiting import until, until_gone


class Terminal:
    """One tmux server of its own with one window; `columns` by `rows`."""

    def __init__(self, environment: dict[str, str], *, columns: int = 80, rows: int = 24) -> None:
        self._socket = f"qd-test-{os.getpid()}-{id(self):x}"
        self._environment = {**environment, "TERM": "xterm-256color"}
        self._environment.pop("TMUX", None)
        size = ("-x", str(columns), "-y", str(rows))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "/bin/sh")
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self._tmux("set-option", "-g", "status", "off")
        self._server = int(self._tmux("display-message", "-p", "#{pid}"))
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.close)
            # The quotes keep the echo of what is typed from looking like the prompt.
            self.type("PS1='ready''> '; clear\n")
            self.wait_for("ready>")
            undo.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and with it what runs in the terminal, as when a window is closed."""
        path = self._tmux("display-message", "-p", "#{socket_path}").strip()
        self._tmux("kill-server")
        assert until_gone(self._server), "tmux did not end"
        Path(path).unlink(missing_ok=True)

    def type(self, text: str) -> None:
        """Type this text, as it is; a newline is the Enter key."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self.send("Enter")
            if line:
                self._tmux("send-keys", "-l", "--", line)

    def send(self, *keys: str) -> None:
        """Press keys by their names in tmux: Enter, Escape, C-c, C-], Down, F1 ..."""
        self._tmux("send-keys", *keys)

    def run(self, *command: str) -> None:
        """Type a command and Enter."""
        self.type(shlex.join(command) + "\n")

    def screen(self) -> str:
        """What is to be seen now, without colours."""
        return self._tmux("capture-pane", "-p")

    def styled_screen(self) -> str:
        """What is to be seen now, with the escape sequences of its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def wait_for(self, text: str, seconds: float = 20.0) -> str:
        """The first screen that has this text. Fails with the last screen when it does not come."""
        return until(lambda: self._screen_if(text in self.screen()), f"{text!r} on the screen", seconds, self.screen)

    def wait_for_prompt(self, prompt: str = "ready>", seconds: float = 20.0) -> str:
        """The first screen that ends with this prompt: whatever ran before it has ended."""
        return until(lambda: self._screen_if(self.screen().rstrip().endswith(prompt)), prompt, seconds, self.screen)

    def wait_until_gone(self, text: str, seconds: float = 20.0) -> str:
        """The first screen without this text."""
        return until(lambda: self._screen_if(text not in self.screen()), f"no {text!r}", seconds, self.screen)

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as when the window is dragged."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def pane_pid(self) -> int:
        """The pid of the shell in the terminal."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def tty(self) -> str:
        """The path of the terminal device."""
        return self._tmux("display-message", "-p", "#{pane_tty}").strip()

    def modes(self) -> str:
        """The terminal's settings, as stty prints them."""
        command = ["stty", "--all", f"--file={self.tty()}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout

    def alternate(self) -> bool:
        """Whether a program has the full screen."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def _screen_if(self, wanted: bool) -> str:
        return self.screen() or "\n" if wanted else ""

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, env=self._environment, timeout=20)
        assert result.returncode == 0, f"{' '.join(command)}: {result.stderr}"
        return result.stdout
