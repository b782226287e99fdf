"""Names on networks: what containers ask at 127.0.0.11, and what they are told."""
