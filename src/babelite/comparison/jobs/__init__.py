"""Child processes of a comparison: they prepare text, train a model or evaluate a model.

A job is a JSON file; a process of its own runs it, frees its memory at the end, and may crash
without stopping the comparison. Results are written atomically: a killed job can be run again.
"""
