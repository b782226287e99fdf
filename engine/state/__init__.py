"""What is kept on disk: where it lies, and files that are replaced whole."""
