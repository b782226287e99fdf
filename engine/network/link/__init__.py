"""Links, addresses, routes and shapers, through netlink."""
