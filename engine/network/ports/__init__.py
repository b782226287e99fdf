"""Published ports: chosen, held, and relayed where the kernel cannot forward."""
