"""Images, as far as the supervisor has to do with them: its methods, tasks of workers, and what both need."""
