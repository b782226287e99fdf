"""Where images lie: one OCI image layout, and their layers unpacked once."""
