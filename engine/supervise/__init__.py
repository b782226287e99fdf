"""The two long-lived processes, keeper and supervisor, and what they do for each container."""
