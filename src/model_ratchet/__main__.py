"""The command ``ratchet`` and ``python -m model_ratchet``."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from model_ratchet.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
