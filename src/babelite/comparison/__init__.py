"""Systems against systems: a grid of trainings and tasks, its tables, its pictures, its page."""
