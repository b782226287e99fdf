"""The image that is built in: assembled from the programs of this host, without network."""
