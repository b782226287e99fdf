"""What of the host itself has to be so for containers to be reached, and other firewalls."""
