"""Links, addresses and routes of containers, through netlink."""
