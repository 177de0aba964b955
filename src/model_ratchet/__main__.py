"""The command ``ratchet`` and ``python -m model_ratchet``."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(
        50_000, 20, 100
    )  # what is imported stays: looking through it again and again took a seventh of a start
    # nobody's plug-in has a say in what a document means, and to look for one is to read what every package offers
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # threads for matrices of this size would only be waited for
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from model_ratchet.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
