"""What a person reads: pure functions from values to text."""
