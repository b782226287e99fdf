"""How a registry is asked: connections, certificates, redirects, new tries, and what its answers mean."""
