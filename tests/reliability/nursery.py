"""``ratchet`` as processes that can be ended anywhere: forked from one that has imported it, and that never waits.

``python nursery.py SOCKET`` takes one command a connection, as a line of JSON, and says the number of its process group, and
then how it ended. What is left out is the start of Python, and the waits between requests and before they are sent again.
A command whose clock is off starts Python anew: ``python nursery.py once ARGUMENTS``.
"""

import json
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

time.sleep = lambda seconds: None  # before anything else binds it

from model_ratchet import cli  # noqa: E402


def main() -> None:
    """Serve until standard input ends."""
    import github
    import jinja2
    import requests
    import scipy.special

    import model_ratchet.actions.advancing
    import model_ratchet.actions.recording
    import model_ratchet.actions.rollback
    import model_ratchet.actions.watching
    import model_ratchet.report.html
    import model_ratchet.sources.duckdb_engine

    del github, jinja2, requests, scipy, model_ratchet
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
    server.listen(64)
    print("ready", flush=True)
    if os.fork() == 0:
        sys.stdin.read()
        os.kill(os.getppid(), signal.SIGTERM)
        os._exit(0)
    while True:
        asked, _ = server.accept()
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            attend(asked)
            os._exit(0)
        asked.close()


def attend(asked: socket.socket) -> None:
    """One command from its beginning to its end."""
    with asked.makefile("rw") as told:
        command = json.loads(told.readline())
        child = os.fork()
        if child == 0:
            asked.close()
            carry_out(**command)
        os.setpgid(child, child)
        print(child, file=told, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=told, flush=True)


def carry_out(
    arguments: list[str], environ: dict[str, str], folder: str, log: str, largest: int | None, faked: dict[str, str]
) -> Any:
    """The command itself, in this process; no file that it writes may grow beyond ``largest`` bytes."""
    os.setpgid(0, 0)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    if faked:
        os.execve(sys.executable, [sys.executable, __file__, "once", *arguments], os.environ | faked)  # noqa: S606
    end(arguments)


def end(arguments: list[str]) -> Any:
    """Carry a command out, and end this process as it ends."""
    code = 70
    try:
        code = cli.run(arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  (whatever it is, it is told, and the process ends)
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "once":
        end(sys.argv[2:])
    main()
