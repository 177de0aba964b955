"""The page about GitHub says what the workflows hold."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from builders.scaffolds import ROOT, initialised, workflows
from model_ratchet.actions.init import Tier

PAGE = (ROOT / "docs" / "github" / "setup.md").read_text(encoding="utf-8")


def granted(path: Path, tier: Tier) -> Iterator[tuple[str, ...]]:
    """Tier, workflow, job, what its own token may, what the App's may."""
    for file in workflows(path):
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            app = [step["with"] for step in job["steps"] if "create-github-app-token@" in step.get("uses", "")]
            asked = {
                key.removeprefix("permission-"): value
                for one in app
                for key, value in one.items()
                if key.startswith("permission-")
            }
            tokens = (
                ", ".join(f"{key}: {value}" for key, value in sorted(one.items()))
                for one in (job["permissions"], asked)
            )
            yield (str(tier), file.name, name, *tokens)


def told() -> list[tuple[str, ...]]:
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if re.match(r"\| (quickstart|hardened) \|", line)]
    return [tuple(cell.strip() for cell in row) for row in rows]


def test_the_table_of_permissions_is_that_of_the_workflows(tmp_path: Path) -> None:
    found: list[tuple[str, ...]] = []
    for tier in Tier:
        initialised(tmp_path / tier, tier)
        found += granted(tmp_path / tier, tier)
    assert sorted(told()) == sorted(found)


def test_only_what_records_advances_and_rolls_back_may_write_what_is_in_the_repository(tmp_path: Path) -> None:
    for tier in Tier:
        initialised(tmp_path / tier, tier)
        for _, file, _, own, app in granted(tmp_path / tier, tier):
            writes = {one.partition(":")[0] for one in f"{own}, {app}".split(", ") if one.endswith("write")}
            may = {
                "promotion-record.yml": {"attestations", "checks", "contents", "id-token", "issues", "pull-requests"},
                "promotion-advance.yml": {"checks", "contents", "deployments", "pull-requests"},
                "promotion-rollback.yml": {"checks", "contents", "deployments", "issues", "pull-requests"},
                "promotion-watch.yml": {"checks", "contents", "deployments", "issues", "pull-requests"},
            }
            assert writes <= may.get(file, {"checks", "pull-requests"})


def test_each_file_that_init_writes_has_its_line(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    table = PAGE.partition("| file |")[2].partition("\n\n")[0]
    for file in tmp_path.rglob("*"):
        path = file.relative_to(tmp_path)
        if file.is_file() and path.parts[0] != ".git":
            known = (path.as_posix(), path.name.partition("-")[0] + "-", path.parent.name, f"{path.parent.name}/")
            assert any(one in table for one in known), path


def test_the_action_has_the_inputs_and_outputs_of_its_page() -> None:
    action = yaml.safe_load((ROOT / ".github" / "actions" / "ratchet" / "action.yml").read_text(encoding="utf-8"))
    section = PAGE.partition("## The action")[2].partition("\n## ")[0]
    (example,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (step,) = yaml.safe_load(example)
    assert set(step["with"]) == set(action["inputs"])
    assert all(f"`{name}`" in section for name in action["outputs"])
