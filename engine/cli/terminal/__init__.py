"""The operator's own terminal: raw mode, detach keys, signals, and the loops that relay bytes."""
