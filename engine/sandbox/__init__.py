"""A sandbox executes an OCI runtime-spec and knows no images: namespaces, mounts, capabilities, exec."""
