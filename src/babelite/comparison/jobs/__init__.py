"""Child processes of a comparison: they prepare text, train a model or evaluate a model.

A job is a JSON file. `launcher` starts a process (`job_process`) that runs the job. Results are
written atomically, so that a job that was killed can be run again. A child process frees its memory
when it ends, and its crash does not stop the comparison.
"""
