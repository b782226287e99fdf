"""Who asks: names and passwords, where they are kept, and what registries want to see of them."""
