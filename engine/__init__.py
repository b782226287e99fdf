"""The embedded container engine of quarterdeck. Nothing is imported here: a short command pays for what it uses."""
