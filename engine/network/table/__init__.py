"""The one table of rules, through libnftables."""
