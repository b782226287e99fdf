"""Palettes as data, one TOML file each, and their loader."""
