"""Registries: who may ask, how it is asked, pull and push."""
