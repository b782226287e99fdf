"""tar archives, plain and compressed, as streams. Knows nothing of layers and of images."""
