"""Commands of volumes."""
