"""A real Alertmanager on a free port of this machine, which passes what it is told on to a webhook."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components import absent
from components.ports import free_port, listening

_CONFIG = """\
route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: '{hook}', send_resolved: true, http_config: {{{http}}}}}]
"""


@contextmanager
def serving(folder: Path, hook: str, *, token: str | None = None) -> Iterator[str]:
    """The server's address; ``hook`` is told of what fires and of what is over, by a sender with this token."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        absent("Alertmanager", "apt-get install prometheus-alertmanager")
    http = f"authorization: {{credentials: '{token}'}}" if token is not None else ""
    (folder / "alertmanager.yml").write_text(_CONFIG.format(hook=hook, http=http), encoding="utf-8")
    port = free_port()
    with (folder / "alertmanager.log").open("wb") as log:
        server = subprocess.Popen(
            [
                binary,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        listening(port, server, folder / "alertmanager.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
