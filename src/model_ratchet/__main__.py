"""The command ``ratchet`` and ``python -m model_ratchet``."""

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(
        50_000, 20, 100
    )  # what is imported stays: looking through it again and again took a seventh of a start
    from model_ratchet.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
