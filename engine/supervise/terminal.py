"""A container's own terminal, as the engine holds it: the master of a pty that was opened inside."""

import os

from ptyprocess import PtyProcess


class Terminal(PtyProcess):  # type: ignore[misc]  # ptyprocess ships no types
    """The master side. The process on the other side is the keeper's child: it is never waited for, or ended, here."""

    closed: bool

    def __init__(self, pid: int, master: int) -> None:
        super().__init__(pid, master)
        os.set_blocking(master, False)

    def resize(self, rows: int, columns: int) -> None:
        """Set the window size; the kernel sends SIGWINCH where it differs. Clamped to what the kernel can hold."""
        self.setwinsize(max(1, min(rows, 65535)), max(1, min(columns, 65535)))

    def redraw(self, rows: int, columns: int) -> None:
        """Set the size, and have the program draw its screen again for somebody who has just attached.

        The kernel sends SIGWINCH for a change only, so the same size takes a detour by one row.
        """
        if tuple(self.getwinsize()) == (rows, columns):
            self.resize(rows + 1, columns)
        self.resize(rows, columns)

    def close(self, force: bool = True) -> None:  # noqa: ARG002  # the signature is ptyprocess's
        """Close the master; ptyprocess's own way sleeps, and ends a process that is not its child."""
        if not self.closed:
            self.fileobj.close()
            self.closed = True
            self.fd = -1
