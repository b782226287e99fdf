"""What goes on in a network: connections, and who is at their ends."""
