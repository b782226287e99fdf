"""Files between containers and clients: `cp` and `export`, as far as the supervisor and its workers do them."""
