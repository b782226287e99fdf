"""What connects containers: links, addresses, rules, names, ports."""
