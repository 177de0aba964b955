"""The build: a wheel holds the commit that it was built from, so that ``ratchet init`` pins exactly that one."""

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SourceCommit(BuildHookInterface):  # type: ignore[type-arg]
    """Writes ``model_ratchet/commit`` into wheels and sdists that are built in a checkout; an sdist hands its own on."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file; nothing where there is no checkout, or where the installation is the checkout itself."""
        if version == "editable" or not (Path(self.root) / ".git").exists():
            return
        command = ["git", "-C", self.root, "-c", "safe.directory=*", "rev-parse", "--verify", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == 0:
            written = Path(self.directory) / "commit"
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(done.stdout, encoding="ascii")
            inside = "src/model_ratchet/commit" if self.target_name == "sdist" else "model_ratchet/commit"
            build_data["force_include"][str(written)] = inside
