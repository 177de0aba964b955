"""The workflow that publishes pages is written where it is asked for, and may do no more than that."""

from pathlib import Path

import pytest
import yaml

from builders.repositories import a_repo
from components.linters import zizmor
from model_ratchet.actions.init import PAGES, InitInput, Tier, init


@pytest.mark.parametrize("tier", Tier)
def test_pages_are_published_only_where_it_is_asked_for(tmp_path: Path, tier: Tier) -> None:
    file = tmp_path / ".github" / "workflows" / PAGES
    repo = a_repo(tmp_path)
    init(InitInput(repo=repo.path, tier=tier))
    assert not file.exists()
    init(InitInput(repo=repo.path, tier=tier, pages=True))
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    build, deploy = workflow["jobs"]["build"], workflow["jobs"]["deploy"]
    assert build["permissions"] == {"contents": "read"}
    assert [step.get("with", {}).get("mode") for step in build["steps"]] == [None, "site", None]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in deploy["steps"]] == ["actions/deploy-pages"]
    assert "__" not in file.read_text(encoding="utf-8")
    assert zizmor(file) == []
