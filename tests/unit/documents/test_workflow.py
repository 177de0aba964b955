"""Workflow files, read as data in every form that GitHub takes."""

import pytest

from builders.scaffolds import ROOT, workflows
from model_ratchet.documents.workflow import Job, Step, Trigger, Unreadable, Workflow, read_workflow

PATH = ".github/workflows/a.yml"


def of(text: str) -> Workflow:
    found = read_workflow(PATH, text.encode())
    assert isinstance(found, Workflow), found
    return found


@pytest.mark.parametrize(
    ("text", "triggers"),
    [
        ("on: push", {"push": Trigger()}),
        ("on: [push, pull_request]", {"push": Trigger(), "pull_request": Trigger()}),
        ("on: {push: , schedule: [{cron: '1 * * * *'}]}", {"push": Trigger(), "schedule": Trigger()}),
        ("on: {push: {branches: main}}", {"push": Trigger(branches=("main",))}),
        (
            "on: {pull_request: {types: [opened], branches: [a, b], paths: [x], branches-ignore: [c]}}",
            {"pull_request": Trigger(types=("opened",), branches=("a", "b"), filters=("paths", "branches-ignore"))},
        ),
    ],
    ids=["word", "list", "empty", "text", "filters"],
)
def test_events_are_read_in_every_form(text: str, triggers: dict[str, Trigger]) -> None:
    assert of(f"{text}\njobs: {{}}\n").triggers == triggers


def test_a_job_is_read_with_what_it_may_and_does() -> None:
    text = """
on: push
permissions: read-all
jobs:
  one: {name: One, if: true, environment: prod, permissions: {contents: read}, steps: [{uses: a/b@c, with: {ref: x}}]}
  two: {environment: {name: prod}, permissions: write-all, steps: [{run: ls}, {name: nothing, with: }]}
  three: {uses: a/b/c.yml@d}
"""
    read = of(text)
    assert read.permissions == "read-all"
    assert read.jobs == (
        Job(
            key="one",
            name="One",
            conditional=True,
            environment="prod",
            permissions={"contents": "read"},
            steps=(Step(uses="a/b@c", given={"ref": "x"}),),
        ),
        Job(key="two", name="two", environment="prod", permissions="write-all", steps=(Step(run="ls"), Step())),
        Job(key="three", name="three", steps=(Step(uses="a/b/c.yml@d"),)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on: [", f"{PATH}:2:1 this is not YAML"),
        ("on: push\njobs: &all {}\n", f"{PATH}:2:7 the anchor &all is refused"),
        ("on: push\njobs: []\n", f"{PATH}:2:7 this is not a mapping"),
        ("jobs: {}\n", f"{PATH}:1:1 this is not a mapping"),
        ("on: push\njobs:\n  a: {steps: x}\n", f"{PATH}:3:14 this is not a list"),
        ("on: push\njobs:\n  a: {steps: [x]}\n", f"{PATH}:3:15 this is not a mapping"),
        ("on: push\njobs:\n  a: {permissions: [x]}\n", f"{PATH}:3:20 this is not a mapping"),
    ],
    ids=["yaml", "anchor", "jobs", "no event", "steps", "step", "permissions"],
)
def test_what_can_not_be_read_says_where(text: str, said: str) -> None:
    found = read_workflow(PATH, text.encode())
    assert isinstance(found, Unreadable)
    assert f"{found.why.location} {found.why.message}".startswith(said)


def test_a_branch_is_covered_by_a_pattern_or_where_there_is_none() -> None:
    assert Trigger().covers("main")
    assert Trigger(branches=("release/*", "ma?n")).covers("main")
    assert not Trigger(branches=("release/*",)).covers("main")


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        ("uses: acme/copy/.github/actions/ratchet@v1", True),
        ("uses: acme/ratchet@v1", False),
        ("run: ratchet check --publish", True),
        ("run: ratchet check --refresh", True),
        ("run: ratchet check", False),
    ],
    ids=["action", "another", "publish", "refresh", "dry"],
)
def test_a_workflow_that_calls_ratchet_is_ours(step: str, calls: bool) -> None:
    assert of(f"on: push\njobs: {{a: {{steps: [{{{step}}}]}}}}\n").ours is calls


def test_our_own_workflows_can_be_read() -> None:
    for file in workflows(ROOT):
        assert isinstance(read_workflow(file.name, file.read_bytes()), Workflow)
