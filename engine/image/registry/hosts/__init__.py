"""Which hosts a name means: registries.conf, mirrors, short names, and how each host is to be trusted."""
