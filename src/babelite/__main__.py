"""``python -m babelite``."""

from babelite.cli import main

if __name__ == "__main__":
    main()
