"""Control groups, v1, v2 and the hybrid behind one protocol; they know nothing of containers."""
