"""Networks, as far as the supervisor has to do with them."""
