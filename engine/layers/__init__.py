"""Stacks of unpacked layers, whiteouts as overlay has them: looked at as one tree, compared, written, applied."""
