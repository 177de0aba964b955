"""Ports of this machine: free ones, and those that a server has come to listen on."""

import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def listening(port: int, process: "subprocess.Popen[bytes]", log: Path | None = None) -> None:
    """Waits until a process listens on a port; the log tells why one that ends does not."""
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    told = f": {log.read_text(encoding='utf-8')[-2000:]}" if log is not None else ""
    raise AssertionError(f"nothing came to listen on port {port}{told}")
