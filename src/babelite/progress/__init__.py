"""Progress of long work: a bar on a terminal, a line now and then in a log."""

from babelite.progress.display import ProgressDisplay

__all__ = ["ProgressDisplay"]
