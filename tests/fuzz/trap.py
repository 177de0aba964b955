"""A target that does what TRAP says: what a target may never do, for the test of the driver."""

import os

SEEDS = ()
TOKENS = (b"word",)
HELD: list[bytes] = []


def one_input(data: bytes) -> None:
    if not data:
        return
    match os.environ["TRAP"]:
        case "crash":
            raise KeyError("what nobody foresaw")
        case "hang":
            while True:
                pass
        case "hoard":
            HELD.append(b"x" * 2**20)
        case "nothing":
            pass
