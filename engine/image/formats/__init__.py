"""Images in one file: the archives of Docker and of the OCI image-spec."""
