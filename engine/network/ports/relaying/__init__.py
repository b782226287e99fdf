"""The relay's own process: published connections that the kernel cannot forward. The standard library alone."""
