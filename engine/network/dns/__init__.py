"""The resolver of names of containers."""
