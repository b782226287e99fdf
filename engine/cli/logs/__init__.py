"""Cutting recorded output into what was asked for."""
