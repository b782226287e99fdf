"""Networks: which there are, who is on them, and what makes them so while containers run."""
