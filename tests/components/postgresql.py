"""A real PostgreSQL server on a free port of this machine, with a database ``metrics``."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components import absent
from components.ports import free_port

ADMIN, ADMIN_PASSWORD = "postgres", "only-for-this-test"
READER, READER_PASSWORD = "ratchet", "reads-and-no-more"


@dataclass(frozen=True)
class Server:
    """Where the server listens."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/metrics"

    @property
    def admin(self) -> str:
        """How its superuser connects."""
        return f"host=127.0.0.1 port={self.port} dbname=metrics user={ADMIN} password={ADMIN_PASSWORD}"


@contextmanager
def serving(*settings: str) -> Iterator[Server]:
    """The server. It asks everybody for a password and never runs as root; ``settings`` are more lines of its file."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="ratchet-pg-"))
    try:
        who = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if who is not None:
            os.chown(folder, who.pw_uid, who.pw_gid)
        secret = folder / "password"
        secret.write_text(ADMIN_PASSWORD, encoding="utf-8")
        server = Server(free_port())
        as_who = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who is not None else {}
        if who is not None:
            os.chown(secret, who.pw_uid, who.pw_gid)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(  # type: ignore[call-overload]
                [binaries / program, "-D", folder / "data", *arguments],
                check=True,
                capture_output=True,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                **as_who,
            )

        run(
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
        run("pg_ctl", "-w", "-l", str(folder / "log"), "start")
        try:
            _fill(server)
            yield server
        finally:
            run("pg_ctl", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
