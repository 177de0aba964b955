"""``ratchet render traffic``: from real git repositories, without a source, a forge, or anything that is not committed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import small
from builders.repositories import Repo, a_repo
from builders.small import V1, V2, V3
from builders.traffic import SECTIONS
from model_ratchet.actions.render import BRANCH
from model_ratchet.cli import ExitCode, run
from model_ratchet.cli.moving import ROUTERS
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, StageStarted
from model_ratchet.documents.schemas import schemas
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append

KEY = "assignment: user_id\n"


def model(name: str, target: str, port: int = 8080) -> dict[str, str | bytes]:
    """A model file with a router; its log and sources are not there, and nobody looks for them."""
    section = SECTIONS[target].replace("listen: 8080", f"listen: {port}").replace("8081", str(port + 1))
    key = KEY if target in ("nginx", "haproxy") else ""
    text = small.MODEL.format(name=name, more=f"{key}traffic: {{target: {target}, {section}}}\n")
    return {f"policies/models/{name}.yaml": text}


def promoted(name: str, *versions: str) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {}
    for baseline, candidate in zip(("none", *versions), versions, strict=False):
        found |= small.promotion(candidate, baseline, model=name)
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["render", "traffic", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def slug(version: str) -> str:
    return Version.parse(version).slug


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two models behind nginx and one behind Istio, each with promoted versions."""
    return a_repo(
        tmp_path / "repo",
        {
            **model("late", "nginx"),
            **model("early", "nginx", 9080),
            **model("meshed", "istio"),
            **promoted("late", V1, V2),
            **promoted("early", V1),
            **promoted("meshed", V1, V2, V3),
        },
    )


def test_one_model_is_printed(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "late", "--repo", str(repo.path), "--base", "main")
    assert (code, err) == (ExitCode.PASSED, "")
    assert f"# active     {V2}\n# previous   {V1}, kept warm for a rollback\n" in out
    assert f"    server late-{slug(V2)}.models.svc:8000;\n" in out


def test_several_are_written_into_a_folder_and_once_more_to_the_same_bytes(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "out"
    arguments = ("--repo", str(repo.path), "--base", "main", "--out", str(out))
    code, said, err = told(capsys, *arguments)
    assert (code, err) == (ExitCode.PASSED, "")
    names = ["early.conf", "late.conf", "meshed.yaml"]
    assert said == "".join(f"wrote {out}/{name}\n" for name in names)
    assert sorted(path.name for path in out.iterdir()) == names
    before = {name: (out / name).read_bytes() for name in names}
    assert f"late-{slug(V3)}.models.svc.cluster.local".encode() in before["meshed.yaml"]
    assert told(capsys, *arguments)[1] == "".join(f"unchanged {out}/{name}\n" for name in names)
    assert {name: (out / name).read_bytes() for name in names} == before


def test_several_are_not_printed_at_once(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "--repo", str(repo.path), "--base", "main")
    assert (code, out) == (ExitCode.INVALID, "")
    assert err == "ratchet: 3 models are routed: name one of them, or a folder with --out\n"


def test_a_target_names_the_models_that_it_carries(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "--repo", str(repo.path), "--base", "main", "--target", "istio")
    assert code == ExitCode.PASSED
    assert "kind: VirtualService\n" in out


def test_a_revert_is_a_rollback_with_git_alone(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    """As the last resort is: a commit that nobody else has seen yet, and files that nobody has committed play no part."""
    repo.git("rm", "-rq", small.folder(V2, "late"))
    repo.commit()
    repo.write(promoted("late", V1, V3))
    code, out, _ = told(capsys, "late", "--repo", str(repo.path), "--base", "HEAD")
    assert code == ExitCode.PASSED
    assert f"# active     {V1}\n" in out
    assert "previous" not in out
    assert f"server late-{slug(V1)}.models.svc:8000;" in out


def test_trouble_with_one_model_keeps_no_other_from_its_router(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit(
        {
            **promoted("late", V1, V3),
            "policies/models/broken.yaml": "kind: Model\n",
            **model("new", "haproxy"),
        }
    )
    out = tmp_path / "out"
    arguments = ("--repo", str(repo.path), "--base", "main", "--out", str(out))
    code, said, err = told(capsys, *arguments)
    assert code == ExitCode.INVALID
    assert said == f"wrote {out}/early.conf\nwrote {out}/meshed.yaml\n"
    assert f"the chain of late has 2 heads ({V2} and {V3})" in err
    assert "policies/models/broken.yaml:1:1" in err
    assert "ratchet: nothing of new is promoted, so that nothing is routed\n" in err
    repo.git("rm", "-q", "policies/models/broken.yaml")
    repo.commit()
    assert told(capsys, *arguments)[0] == ExitCode.ERRORED


def test_of_models_that_claim_one_port_neither_is_rendered(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was rendered of the one that had it first stays in force."""
    repo.commit({**model("a-twin", "nginx"), **promoted("a-twin", V1)})
    code, out, err = told(capsys, "--repo", str(repo.path), "--base", "main", "--out", str(tmp_path / "out"))
    assert code == ExitCode.INVALID
    assert [line.rpartition("/")[2] for line in out.splitlines()] == ["early.conf", "meshed.yaml"]
    assert "nginx on *:8080 is claimed by late as well: one of them has to choose another" in err
    assert "nginx on *:8080 is claimed by a-twin as well: one of them has to choose another" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ("lat",), "the base branch holds no policies/models/lat.yaml: did you mean `late`?", id="misspelt"
        ),
        pytest.param(("plain",), "policies/models/plain.yaml names no router: add `traffic`", id="no-router"),
        pytest.param(("late", "--target", "istio"), "late is routed by nginx, not by istio", id="another-router"),
        pytest.param(
            ("--target", "kserve"),
            "no model on the base branch is routed by kserve: a model file says how in `traffic`",
            id="nobody",
        ),
        pytest.param(("--target", "envoy"), "invalid choice: 'envoy'", id="unknown-router"),
    ],
)
def test_what_can_not_be_rendered_is_told(
    repo: Repo, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"policies/models/plain.yaml": small.MODEL.format(name="plain", more="")})
    code, out, err = told(capsys, *arguments, "--repo", str(repo.path), "--base", "main")
    assert (code, out) == (ExitCode.INVALID, "")
    assert said in err


def test_nothing_is_written_through_a_link(repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.write_text("mine")
    (out / "late.conf").symlink_to(elsewhere)
    code, _, err = told(capsys, "late", "--repo", str(repo.path), "--base", "main", "--out", str(out))
    assert code == ExitCode.INVALID
    assert "late.conf is a symbolic link" in err
    assert elsewhere.read_text() == "mine"


def test_the_command_knows_the_routers_that_a_model_file_may_name() -> None:
    mapping = schemas()["model"]["properties"]["traffic"]
    text = str(mapping)
    assert all(f"'{router}'" in text for router in ROUTERS)
    assert set(SECTIONS) == set(ROUTERS)


def test_what_a_stage_was_started_with_is_published_once_and_a_broken_chain_leaves_it_there(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    writer, candidate, at = Writer(repo.path), Version.parse(V3), datetime(2026, 8, 1, tzinfo=UTC)
    publish = ("late", "--repo", str(repo.path), "--base", "main", "--publish")
    assert told(capsys, *publish)[0] == ExitCode.PASSED
    assert "nothing has changed" in told(capsys, *publish)[1]
    events = (
        Admitted(
            at=at,
            model="late",
            candidate=candidate,
            baseline=Version.parse(V2),
            digest="sha256:" + "a" * 64,
            policy=PolicyName.parse("small/1.0.0"),
            attempt=1,
        ),
        StageStarted(at=at, model="late", candidate=candidate, stage="canary", share=0.05),
    )
    append(writer, lambda _: Entry(events), "canary", at, hidden={})
    _, out, _ = told(capsys, *publish)
    assert "published" in out
    tip = writer.branch(BRANCH)
    assert tip is not None
    rendered = writer.read(tip, ["late.conf"])["late.conf"].content.decode()
    assert slug(V3) in rendered
    assert "# candidate  " + V3 in rendered
    repo.commit(promoted("late", V1) | {"promotions/late/broken/promotion.yaml": "}"})
    assert told(capsys, *publish)[0] == ExitCode.ERRORED
    assert writer.branch(BRANCH) == tip
