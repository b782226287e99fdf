"""The kernel's edge: constants, one wrapper per system call, parsers of /proc. No decisions."""
