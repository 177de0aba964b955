"""The selftest as a user runs it, and that each of its lines can say otherwise: a defence is taken away, and it is told."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from builders.repositories import Repo, a_repo
from builders.scaffolds import initialised
from model_ratchet.actions.init import Tier
from model_ratchet.actions.proposal import read_proposal
from model_ratchet.actions.selftest import (
    OF_GROUND,
    OF_PROPOSAL,
    a_ground,
    boundary,
    comments,
    evidence,
    installation,
    ledgers,
    output,
    production,
    rules,
    signing,
    sources,
    stories,
    try_all,
)
from model_ratchet.actions.selftest.ground import Control, Ground
from model_ratchet.actions.sign_off import weigh
from model_ratchet.core.evidence import Categories, Shape
from model_ratchet.core.finding import Finding
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.reviews import Standing, contributors
from model_ratchet.core.verdict import Judgement
from model_ratchet.documents.origin import Origin
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.workflow import read_workflow
from model_ratchet.engine.again import Again, judge_again
from model_ratchet.engine.selftest.attack import Said, State, idle
from model_ratchet.engine.selftest.catalogue import ELSEWHERE, EVERY
from model_ratchet.engine.selftest.mutations import MUTATIONS
from model_ratchet.engine.selftest.traps import TRAPS, Baited
from model_ratchet.engine.sign_off import _standing
from model_ratchet.git import Git
from model_ratchet.sources.table_answers import _WHOLE

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
Patch = Callable[[pytest.MonkeyPatch], None]


def scaffold(path: Path, tier: Tier = Tier.QUICKSTART) -> Repo:
    repo = initialised(path, tier)
    repo.commit()
    return repo


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return scaffold(tmp_path_factory.mktemp("selftest") / "repo")


@pytest.fixture(scope="session")
def ground(repo: Repo) -> Iterator[Ground]:
    with a_ground(Git(repo.path), "main", repo.git("rev-parse", "main"), NOW) as made:
        assert isinstance(made, Ground), made
        yield made


@pytest.fixture(scope="session")
def control(ground: Ground) -> Control:
    assert ground.control is not None, ground.why_not
    return ground.control


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("ratchet")), "selftest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# as a user runs it


def test_nothing_gets_through_in_a_repository_as_init_leaves_it(repo: Repo) -> None:
    done = run("--repo", str(repo.path))
    assert done.returncode == 0, done.stdout
    first, *lines, summary = done.stdout.splitlines()
    assert first == f"refs/heads/main at {repo.git('rev-parse', 'main')[:12]}"
    assert "an honest proposal of example under standard/1.1.0 passes" in lines
    assert sum(line[:1] in "TE" and line[1:3].isdigit() for line in lines) == len(EVERY)
    assert summary == f"{len(EVERY) - len(ELSEWHERE) - 1} defended, 0 NOT defended, {len(ELSEWHERE) + 1} not applicable"
    assert repo.git("status", "--porcelain") == ""


def test_nothing_gets_through_with_the_policies_of_the_demo_and_the_same_is_told_for_programs(tmp_path: Path) -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (ROOT / "policies").rglob("*.yaml")}
    demo = a_repo(tmp_path / "demo", dict(files))
    done = run("--repo", str(demo.path), "--base", "main", "--format", "json", "--now", NOW.isoformat())
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert [one["outcome"] for one in told["controls"]] == ["passes"] * 4
    assert told["counts"]["NOT defended"] == 0
    assert [one["id"] for one in told["attacks"]] == [one.id for one in EVERY]
    assert all(one["how"] for one in told["attacks"])


def test_a_document_that_is_invalid_is_told_and_nothing_is_tried(repo: Repo, tmp_path: Path) -> None:
    text = (repo.path / "policies/standard/1.0.0.yaml").read_text().replace("gates:", "gate:")
    other = a_repo(tmp_path / "other", {"policies/standard/1.0.0.yaml": text})
    done = run("--repo", str(other.path))
    assert done.returncode == 2
    assert "policies/standard/1.0.0.yaml:" in done.stdout
    assert "did you mean `gates`?" in done.stdout


def test_a_line_that_got_through_ends_the_run_with_1(tmp_path: Path) -> None:
    loose = scaffold(tmp_path / "loose")
    workflow = loose.path / ".github/workflows/promotion-check.yml"
    workflow.write_text(workflow.read_text().replace("persist-credentials: false", "persist-credentials: true"))
    loose.commit()
    done = run("--repo", str(loose.path))
    assert done.returncode == 1
    (line,) = (one for one in done.stdout.splitlines() if one.startswith("T18"))
    assert "NOT defended" in line
    assert "promotion-check.yml leaves the token behind" in line


def test_where_no_honest_proposal_passes_the_run_does_not_end_as_if_all_were_well(repo: Repo, tmp_path: Path) -> None:
    model = (repo.path / "policies/models/example.yaml").read_text().replace("  stakeholders:", "  others:")
    files = {
        path: (repo.path / path).read_bytes() for path in ("policies/standard/1.0.0.yaml", "policies/sources.yaml")
    }
    model = re.sub("^policies: .*", "policies: [standard/1.0.0]", model, flags=re.MULTILINE)
    other = a_repo(tmp_path / "other", {**files, "policies/models/example.yaml": model})
    done = run("--repo", str(other.path))
    assert done.returncode == 3, done.stdout
    assert "an honest proposal of example under standard/1.0.0 is refused: stakeholders: the model file" in done.stdout


def test_every_attack_is_tried_or_it_is_said_why_not() -> None:
    tried = {name for names, _ in (*OF_GROUND, *OF_PROPOSAL) for name in names} | {trap.id for trap in TRAPS}
    tried |= {name for name, _ in evidence.OF_VERDICTS}
    assert tried | ELSEWHERE.keys() == {one.id for one in EVERY}
    assert not tried & ELSEWHERE.keys()


def test_the_hardened_tier_is_defended_too(tmp_path: Path, ground: Ground) -> None:
    hardened = scaffold(tmp_path / "hardened", Tier.HARDENED)
    with a_ground(Git(hardened.path), "main", hardened.git("rev-parse", "main"), NOW) as made:
        assert isinstance(made, Ground)
        said = [trial(made) for _, trial in installation.TRIALS]
    assert {one.state for one in said} == {State.DEFENDED}, said


def test_a_repository_without_a_model_says_why_nothing_is_proposed(tmp_path: Path) -> None:
    empty = a_repo(
        tmp_path / "empty",
        {
            "policies/sources.yaml": "apiVersion: ratchet/v1\nkind: Sources\nsources: {log: {kind: table, path: a.csv}}\n"
        },
    )
    with a_ground(Git(empty.path), "main", empty.git("rev-parse", "main"), NOW) as made:
        assert isinstance(made, Ground)
        told = {one.attack.id: one for one in try_all(made, lambda _: None)}
    assert told["T01"].state is State.IDLE
    assert told["E01"].how == "the base branch holds no model file, so that nothing can be proposed"


def test_a_trial_that_writes_says_the_same_however_often_it_is_made(control: Control) -> None:
    trials = (*output.TRIALS, *ledgers.TRIALS)
    first, second = ([trial(control) for _, trial in trials] for _ in range(2))
    assert second == first


# each line can say otherwise


def nothing(*_: Any, **__: Any) -> None:
    return None


def none_of_it(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def rules_of_the_head(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.actions.check.read_proposal",
        lambda *given, base, head, **more: read_proposal(*given, base=head, head=head, **more),
    )


def claims_are_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.bind.literal_faults", none_of_it)


def links_are_followed(patch: pytest.MonkeyPatch) -> None:
    real = Git.read
    patch.setattr(Git, "read", lambda *given: {path: replace(one, symlink=False) for path, one in real(*given).items()})


def any_origin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.sources.reach.Reach.url", lambda _, source, url, environ: (url, Origin("http", "x", 80))
    )


def any_address(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.sources.reach.Reach._allows", lambda *_: True)


def anything_is_built(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.documents.yaml._Reader._refuse", nothing)


def any_number_of_parts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.documents.yaml.MAX_EVENTS", 10**9)


def any_size(patch: pytest.MonkeyPatch) -> None:
    real = Git.read
    patch.setattr(Git, "read", lambda git, commit, paths, *_: real(git, commit, paths, 10**12))
    patch.setattr("model_ratchet.documents.yaml.MAX_BYTES", 10**12)


def markup_is_let_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.report.escape._UNSAFE", re.compile(r"(?!)"))


def elements_are_let_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.report.elements._escaped", lambda text, **_: text)


def commands_are_let_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.told.log_safe", str)
    patch.setattr("model_ratchet.report.terminal.no_command", str)


def outputs_end_at_a_word(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.github.job.secrets.token_hex", lambda _: "EOF")


def cells_are_let_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.report.chronicle.cell", str)


def errors_are_repeated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.sources.gather._result",
        lambda _name, future, *_, **__: because(Why.CRASHED, what=str(future.exception())),
    )


def records_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.engine.audit.judge_again", lambda record: replace(judge_again(record), again=Again.SAME_BYTES)
    )


def anchors_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.audit.against_anchor", nothing)
    patch.setattr("model_ratchet.actions.audit.strays", none_of_it)


def secrets_are_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.ledger.refuse_disclosures", nothing)


def any_head_is_judged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.actions.sign_off.weigh",
        lambda plan, repository, told, *, base, head: weigh(
            plan, repository, replace(told, head=head), base=base, head=head
        ),
    )


def content_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.sign_off._changed", nothing)


def evidence_need_not_be_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.criteria.approval.Approval._in_time", lambda *_: True)


def authors_sign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.core.reviews.Contributors.hold", lambda *_: False)


def strangers_are_let_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "model_ratchet.engine.sign_off.contributors", lambda *given: replace(contributors(*given), strangers=())
    )


def seats_are_shared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.sign_off._assigned", lambda *_, **__: {})


def authors_do_not_object(patch: pytest.MonkeyPatch) -> None:
    def standing(plan: Any, told: Any, hands: Any, content: Any, role: Any, review: Any) -> Any:
        if hands.hold(review.by):
            return Standing.CONTRIBUTOR, None
        return _standing(plan, told, hands, content, role, review)

    patch.setattr("model_ratchet.engine.sign_off._standing", standing)


def any_baseline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.proposal.baseline_moved", nothing)


def any_return(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.check.against", nothing)


def any_comeback(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.bind.comeback_faults", none_of_it)


def any_golden(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.guards._not_golden", nothing)


def records_are_taken_for_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.reuse._read", lambda _: {})


def all_passes(patch: pytest.MonkeyPatch) -> None:
    """Whatever the evidence, every criterion holds."""
    held = Judgement(outcome=Outcome.PASSED, reason=because(Why.HOLDS, value="all", limit="any"))
    patch.setattr("model_ratchet.engine.judge._judgement", lambda *_: held)


def nothing_can_be_looked_at_fails(patch: pytest.MonkeyPatch) -> None:
    failed = Judgement(outcome=Outcome.FAILED, reason=because(Why.LIMIT_BROKEN, limit="any"))
    patch.setattr("model_ratchet.engine.judge._judgement", lambda *_: failed)


def nothing_leaves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.engine.watch.fold.Result.rolls_back", property(lambda _: False))


def anybody_is_us(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.github.comments.own_id", lambda _: 66)


def comments_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.github.comments._edit", nothing)


def none_is_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.github.comments._delete", nothing)


def anything_is_recorded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_ratchet.actions.record.Recorded.unverified", ())


DEFENCES: dict[str, tuple[Callable[[Control], Said], Patch]] = {
    "T01-policy": (boundary.new_policy, rules_of_the_head),
    "T07-claims": (boundary.claimed_values, claims_are_taken),
    "T10-built": (boundary.weapons, anything_is_built),
    "T10-parts": (boundary.weapons, any_number_of_parts),
    "T11-size": (boundary.too_large, any_size),
    "T12-links": (boundary.odd_paths, links_are_followed),
    "T14-markup": (output.comments, markup_is_let_be),
    "T15-elements": (output.pages, elements_are_let_be),
    "T17-errors": (output.secrets, errors_are_repeated),
    "T17-ledger": (ledgers.disclosed, secrets_are_written),
    "T19-commands": (output.logs, commands_are_let_be),
    "T20-outputs": (output.outputs, outputs_end_at_a_word),
    "T24-records": (ledgers.forged, records_are_believed),
    "T25-head": (signing.moved_head, any_head_is_judged),
    "T25-rules": (signing.moved_rules, content_is_not_compared),
    "T26-content": (signing.other_content, content_is_not_compared),
    "T26-early": (signing.too_early, evidence_need_not_be_seen),
    "T27-author": (signing.own_work, authors_sign),
    "T27-seats": (signing.two_roles, seats_are_shared),
    "T28-name": (signing.foreign_name, authors_sign),
    "T28-stranger": (signing.unknown_name, strangers_are_let_be),
    "T28-silenced": (signing.silenced, authors_do_not_object),
    "T22-foreign": (comments.of_somebody_else, anybody_is_us),
    "T23-edited": (comments.edited, comments_stay),
    "T29-push": (ledgers.unjudged, anything_is_recorded),
    "E48-second": (comments.a_second, none_is_deleted),
    "E52-pending": (ledgers.undecided, anything_is_recorded),
    "T30-cut": (ledgers.rewritten, anchors_are_not_looked_at),
    "T32-cells": (output.spreadsheets, cells_are_let_be),
    "E40-down": (sources.down, nothing_can_be_looked_at_fails),
    "E46-baseline": (stories.other_baseline, any_baseline),
    "E54-breach": (production.while_waiting, nothing_leaves),
    "E55-return": (stories.back_to_a_bad_one, any_return),
    "E57-comeback": (stories.comeback, any_comeback),
    "E59-golden": (stories.waived_golden, any_golden),
    "E62-replay": (ledgers.replayed, records_are_taken_for_others),
}


@pytest.mark.parametrize("name", DEFENCES)
def test_an_attack_gets_through_where_its_defence_is_taken_away(
    name: str, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial, take_away = DEFENCES[name]
    assert trial(control).state is State.DEFENDED
    take_away(monkeypatch)
    assert trial(control).state is State.BROKEN


@pytest.fixture(scope="session")
def plans(ground: Ground) -> tuple[Baited, ...]:
    return evidence.baited(ground)


@pytest.mark.parametrize("number", range(len(TRAPS)), ids=[f"{trap.id}-{at}" for at, trap in enumerate(TRAPS)])
def test_a_trap_of_evidence_is_told_where_criteria_pass_whatever_they_read(
    number: int, plans: tuple[Baited, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = TRAPS[number]
    before = evidence.trapped(trap, plans)
    assert before.state is State.DEFENDED, before.how
    if trap.id == "E03":  # what is no number never gets as far as a criterion
        monkeypatch.setattr("model_ratchet.engine.selftest.traps.as_sealed", lambda plan, found: (plan, found))
    all_passes(monkeypatch)
    assert evidence.trapped(trap, plans).state is State.BROKEN


@pytest.mark.parametrize("name", [name for name, _ in evidence.OF_VERDICTS])
def test_a_trap_of_whole_verdicts_is_told_where_criteria_pass_whatever_they_read(
    name: str, plans: tuple[Baited, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = dict(evidence.OF_VERDICTS)[name]
    said = [trial(one) for one in plans]
    assert {one.state for one in said if one is not None} == {State.DEFENDED}
    all_passes(monkeypatch)
    again = [trial(one) for one in plans]
    # without one that fails, there is nothing of E11 to try
    assert {one.state for one in again if one is not None} == (set() if name == "E11" else {State.BROKEN})


@pytest.mark.parametrize("trap", MUTATIONS)
def test_a_policy_that_is_written_wrong_is_told_where_anything_is_taken_for_one(
    trap: str, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = rules.written_wrong(trap)
    assert trial(ground).state is State.DEFENDED
    monkeypatch.setattr(Policy, "model_validate_json", nothing)
    assert trial(ground).state is State.BROKEN


def with_workflow(ground: Ground, old: str, new: str, name: str = "promotion-check.yml") -> Ground:
    path = f".github/workflows/{name}"
    text = ground.sandbox.read(ground.base, [path])[path].content.decode()
    assert old in text
    changed = read_workflow(path, text.replace(old, new).encode())
    workflows = tuple(changed if getattr(one, "path", "") == path else one for one in ground.files.workflows)
    return replace(ground, files=replace(ground.files, workflows=workflows))


WORKFLOWS = {
    "T02-edited": ("T02", "edited", "labeled"),
    "T03-name": ("T03", "name: Judge the promotion", "name: promotion/main"),
    "T18-token": ("T18", "persist-credentials: false", "persist-credentials: true"),
    "T31-tag": ("T31", "actions/checkout@", "actions/checkout@v4 # "),
}


@pytest.mark.parametrize("case", WORKFLOWS)
def test_a_workflow_that_is_loosened_is_told(case: str, ground: Ground) -> None:
    name, old, new = WORKFLOWS[case]
    trials = [trial for names, trial in installation.TRIALS if name in names]
    assert State.BROKEN not in {trial(ground).state for trial in trials}
    assert State.BROKEN in {trial(with_workflow(ground, old, new)).state for trial in trials}


def test_an_address_that_is_let_in_is_told(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("model_ratchet.sources.reach.socket.create_connection", refused)
    assert sources.addresses(ground).state is State.DEFENDED
    lax = replace(ground, sources=ground.sources.model_copy(update={"networks": ("0.0.0.0/0",)}))
    assert sources.addresses(lax).state is State.BROKEN


@pytest.mark.parametrize("take_away", [any_address, any_origin])
def test_a_source_that_may_lead_anywhere_is_told(
    take_away: Patch, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("model_ratchet.sources.reach.socket.create_connection", refused)
    assert sources.addresses(ground).state is State.DEFENDED
    take_away(monkeypatch)
    assert sources.addresses(ground).state is State.BROKEN


def test_values_of_a_log_that_are_pasted_into_a_question_are_told(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pasted(value: str) -> str:
        try:
            return str(duckdb.execute(f"select '{value}'").fetchall()[0][0])
        except duckdb.Error:
            return ""

    def counted(*given: Any) -> Any:
        found = whole(*given)
        assert isinstance(found, Categories)
        return replace(found, counts=tuple((pasted(value), count) for value, count in found.counts))

    whole = _WHOLE[Shape.CATEGORIES]
    assert sources.values(ground).state is State.DEFENDED
    monkeypatch.setitem(_WHOLE, Shape.CATEGORIES, counted)
    assert sources.values(ground).state is State.BROKEN


def test_a_trial_that_crashes_counts_as_one_that_got_through(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> Finding:
        raise KeyError("x")

    others = tuple((names, lambda _: idle("not asked here")) for names, _ in OF_PROPOSAL)
    monkeypatch.setattr("model_ratchet.actions.selftest.OF_PROPOSAL", others)
    monkeypatch.setattr("model_ratchet.actions.selftest.evidence.baited", lambda _: ())
    monkeypatch.setattr("model_ratchet.actions.selftest.installation.check_name", crash)
    told = {one.attack.id: one for one in try_all(ground, lambda _: None)}
    assert (told["T02"].state, told["T02"].how) == (State.BROKEN, "the product crashed: KeyError")
    assert told["T03"].state is State.DEFENDED
