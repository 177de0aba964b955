"""A real PostgreSQL server on a free port of this machine, with a database ``metrics``."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components import absent
from components.ports import free_port

ADMIN, ADMIN_PASSWORD = "postgres", "only-for-this-test"
READER, READER_PASSWORD = "ratchet", "reads-and-no-more"


@dataclass(frozen=True)
class Server:
    """Where the server listens, and the folder that all of it is in."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/metrics"

    @property
    def admin(self) -> str:
        """How its superuser connects."""
        return f"host=127.0.0.1 port={self.port} dbname=metrics user={ADMIN} password={ADMIN_PASSWORD}"

    def kill(self) -> None:
        """Ends all of its processes at once, whatever they are about."""
        main = int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="utf-8").split()
        for process in (main, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def start(self) -> None:
        """The server, with what it holds; where it was killed, once its processes are gone."""
        for patience in range(100, -1, -1):
            try:
                self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")
            except subprocess.CalledProcessError:
                if not patience:
                    raise
                time.sleep(0.1)
            else:
                return

    def run(self, program: str, *arguments: str) -> None:
        """A program of its own, by the user that it runs as."""
        who = _who()
        as_who = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who is not None else {}
        subprocess.run(  # type: ignore[call-overload]
            [_binaries() / program, "-D", self.folder / "data", *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            **as_who,
        )


@contextmanager
def serving(*settings: str) -> Iterator[Server]:
    """The server. It asks everybody for a password and never runs as root; ``settings`` are more lines of its file."""
    _binaries()
    folder = Path(tempfile.mkdtemp(prefix="ratchet-pg-"))
    try:
        server = Server(free_port(), folder)
        secret = folder / "password"
        secret.write_text(ADMIN_PASSWORD, encoding="utf-8")
        if (who := _who()) is not None:
            os.chown(folder, who.pw_uid, who.pw_gid)
            os.chown(secret, who.pw_uid, who.pw_gid)
        server.run(
            "initdb",
            "-A",
            "scram-sha-256",
            "-U",
            ADMIN,
            f"--pwfile={secret}",
            "--no-sync",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        )
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            lines = (
                f"port = {server.port}",
                "listen_addresses = '127.0.0.1'",
                f"unix_socket_directories = '{folder}'",
                "fsync = off",
                "timezone = 'America/New_York'",
                *settings,
            )
            conf.write("\n".join(lines) + "\n")
        server.start()
        try:
            _fill(server)
            yield server
        finally:
            server.run("pg_ctl", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _who() -> pwd.struct_passwd | None:
    """Whom the server runs as, where that is somebody else."""
    return pwd.getpwnam("postgres") if os.getuid() == 0 else None


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not found:
        absent("PostgreSQL", "apt-get install postgresql")
    return found[-1].parent


def _fill(server: Server) -> None:
    """The database and a role that may read it and make temporary tables."""
    import psycopg

    with psycopg.connect(server.admin.replace("dbname=metrics", "dbname=postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE metrics")
        admin.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'")
    with psycopg.connect(server.admin, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA analytics; GRANT USAGE ON SCHEMA analytics TO {READER}")
        admin.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO {READER}")
