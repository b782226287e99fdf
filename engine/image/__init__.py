"""Images: references, the content-addressed store, layers, the base image made from the host's programs."""
