"""Parsers of what a person types: pure functions that return a value or raise `InvalidInput`."""
