"""Trials of the installation: the workflows and owners of the base branch, and the package that runs."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from model_ratchet.actions.selftest.ground import Ground, Trial, named, shown
from model_ratchet.core.names import check_name
from model_ratchet.documents.workflow import Unreadable, Workflow
from model_ratchet.engine.doctor import RULES
from model_ratchet.engine.doctor.rule import Said as Found
from model_ratchet.engine.doctor.rule import State as How
from model_ratchet.engine.selftest.attack import Said, broken, defended, held, idle
from model_ratchet.engine.settings import Protection, Settings, Unread
from model_ratchet.shipped import shipped_requirements

_EXPRESSION = re.compile(r"\$\{\{\s*(?:github\.(?:event\.|head_ref)|inputs\.|steps\.)")
_UNREAD = Unread("settings", "not asked", "`ratchet doctor`")
_BY_ID = {one.id: one for one in RULES}
_PROGRAM = "import pathlib; pathlib.Path({canary!r}).write_text(__file__)\n"
_POISON = ("conftest", "sitecustomize", "usercustomize", "setup", "yaml", "model_ratchet/__init__")


def set_up(*rules: str) -> Trial:
    """What the rules of `ratchet doctor` that look at files alone say of them."""

    def tried(ground: Ground) -> Said:
        if not ground.files.ours and not any(isinstance(one, Unreadable) for one in ground.files.workflows):
            return idle("no workflow of the base branch calls Ratchet: `ratchet init` writes them")
        settings = _settings(ground)
        said = [(_BY_ID[name], _BY_ID[name].ask(settings)) for name in rules]
        wrong = [f"{rule.id}: {found.found}" for rule, found in said if _is_wrong(found)]
        if wrong:
            return broken(shown("; ".join(wrong)))
        right = [rule.what.replace("{base}", ground.branch) for rule, found in said if found.state is How.SET]
        return defended("; ".join(right)) if right else broken("nothing of it is set up")

    return tried


def other_base(ground: Ground) -> Said:
    """The name of the check holds the branch."""
    names = {check_name(ground.branch), check_name("lax"), check_name(f"{ground.branch}-lax")}
    return held(
        len(names) == 3, f"the check is called {check_name(ground.branch)}", "two branches share the name of a check"
    )


def expressions(ground: Ground) -> Said:
    """What people write, put into a line that is run."""
    steps = [
        (workflow.file, step.run)
        for workflow in ground.files.workflows
        if isinstance(workflow, Workflow)
        for job in workflow.jobs
        for step in job.steps
        if step.run
    ]
    found = [file for file, line in steps if _EXPRESSION.search(line)]
    if not ground.files.workflows:
        return idle("the base branch holds no workflow: `ratchet init` writes them")
    if not steps:
        return defended("no workflow runs a line of its own")
    return held(
        not found,
        f"no line of {len(steps)} that are run holds an expression of an event, an input or a step",
        f"a line of {named(sorted(set(found)))} holds an expression of an event, an input or a step",
    )


def programs(ground: Ground) -> Said:
    """Programs that come with a pull request, in the folder where the command is started."""
    command = Path(sys.executable).with_name("ratchet")
    if not command.is_file():
        return idle("the command is not installed beside its interpreter")
    canary = ground.scratch / "run"
    program = _PROGRAM.format(canary=str(canary)).encode()
    poison = {f"{name}.py": program for name in _POISON} | {".gitattributes": b"* filter=evil diff=evil\n"}
    head = ground.sandbox.made(ground.base, {"README.md": b"selftest\n", **poison}, ground.now - timedelta(hours=1))
    for name, content in poison.items():
        file = ground.sandbox.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    asked = ("check", "--base", ground.base, "--head", head, "--now", ground.now.isoformat())
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(ground.scratch)}
    ran = subprocess.run(  # noqa: S603
        [str(command), *asked], cwd=ground.sandbox.root, env=environ, capture_output=True, check=False
    )
    if canary.exists():
        return broken(f"{Path(canary.read_text(encoding='utf-8')).name} of a pull request was run")
    return held(
        ran.returncode == 0,
        f"none of {len(poison)} programs beside it was run",
        f"the check ended with {ran.returncode}",
    )


def package(ground: Ground) -> Said:
    """The files of the package, and the hashes of what it is installed with."""
    del ground
    loose = [
        f"{path}: {line.split()[0]}"
        for path, content in shipped_requirements().items()
        for line in content.decode().replace("\\\n", " ").splitlines()
        if line and not line.startswith(("#", "-", " ")) and "--hash=sha256:" not in line
    ]
    if loose:
        return broken(f"{named(loose)} has no hash")
    changed, whole = _changed_files()
    if changed:
        return broken(f"{named(changed)} of the package is not what was installed")
    if not whole and not shipped_requirements():
        return idle("the package keeps no hashes of its files")
    files = f"{whole} files of the package are as they were installed" if whole else "the package runs from a checkout"
    pinned = f"{len(shipped_requirements())} lists of requirements are pinned by hash"
    return defended(f"{files}; {pinned}" if shipped_requirements() else files)


def _changed_files() -> tuple[list[str], int]:
    """The files of the installed package that differ from its list, and how many do not."""
    try:
        files = distribution("model-ratchet").files or []
    except PackageNotFoundError:
        return [], 0
    changed, whole = [], 0
    for one in files:
        if one.hash is None or one.hash.mode != "sha256" or not str(one).startswith("model_ratchet/"):
            continue
        content = Path(str(one.locate())).read_bytes()
        found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if found == one.hash.value:
            whole += 1
        else:
            changed.append(str(one))
    return changed, whole


def _is_wrong(found: Found) -> bool:
    return found.state in (How.MISSING, How.UNVERIFIED)


def _settings(ground: Ground) -> Settings:
    """Settings of which only the files are known."""
    return Settings(
        repository="",
        url="",
        base=ground.branch,
        protection=Protection(unread=(_UNREAD,)),
        others={},
        merge_methods=_UNREAD,
        actions_enabled=_UNREAD,
        default_permissions=_UNREAD,
        may_approve=_UNREAD,
        workflow_states=_UNREAD,
        environments=_UNREAD,
        secrets=_UNREAD,
        app=None,
        skew=timedelta(),
        owner_errors=_UNREAD,
        files=ground.files,
    )


TRIALS: tuple[tuple[tuple[str, ...], Trial], ...] = (
    (("T02",), other_base),
    (("T02",), set_up("triggers", "always-runs")),
    (("T03",), set_up("check-names", "owners-cover", "rollback")),
    (("T04",), set_up("checkouts")),
    (("T04",), programs),
    (("T18",), set_up("credentials", "permissions")),
    (("T21",), expressions),
    (("T31",), set_up("pins")),
    (("T31",), package),
)
