"""`qd-runtime`: the OCI runtime command line over the sandbox, a plain process without a supervisor."""
