"""The step harness runs what a runner would run, and refuses what it does not understand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from steps.expressions import NotUnderstood, resolve, runs
from steps.harness import Job, Runner

TITLE = "Promote $(id >&2; echo owned) `id` \"; exit 3; ' ${HOME}"
CONTEXTS: Mapping[str, Any] = {
    "github": {"event_name": "push", "event": {"pull_request": {"draft": True, "number": 7, "title": "a == 'b' && c"}}},
    "steps": {"check": {"outputs": {"verdict": "passed"}}},
    "env": {"EMPTY": ""},
}


def a_runner(folder: Path, **more: Any) -> Runner:
    (folder / "work").mkdir(exist_ok=True)
    event = {"pull_request": {"title": TITLE, "number": 7}}
    return Runner(folder / "work", folder / "scratch", "pull_request", event, {"repository": "acme/models"}, **more)


def a_job(folder: Path, steps: str, **more: Any) -> Job:
    runner = a_runner(folder, **more)
    (folder / "w.yml").write_text(
        f"on: push\nenv: {{TOP: one}}\njobs:\n  check:\n    steps:\n{steps}", encoding="utf-8"
    )
    return runner.job(folder / "w.yml", "check")


def test_a_title_stays_inert_through_the_environment(tmp_path: Path) -> None:
    steps = '      - {run: "printf %s \\"$TITLE\\"", env: {TITLE: "${{ github.event.pull_request.title }}"}}\n'
    job = a_job(tmp_path, steps)
    assert (job.ran[0].code, job.ran[0].stdout, job.ran[0].stderr) == (0, TITLE, "")


def test_a_title_in_a_run_line_is_carried_out_as_on_a_runner(tmp_path: Path) -> None:
    plain = Runner(tmp_path, tmp_path / "s", "pull_request", {"pull_request": {"title": "Promote $(echo owned | rev)"}})
    (tmp_path / "w.yml").write_text(
        'jobs: {check: {steps: [{run: "echo ${{ github.event.pull_request.title }}"}]}}', encoding="utf-8"
    )
    assert plain.job(tmp_path / "w.yml", "check").log == "Promote denwo\n"


def test_the_environment_is_a_runner_s_and_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_OF_THE_TEST", "leaked")
    job = a_job(tmp_path, "      - run: env; cat $GITHUB_EVENT_PATH; pwd\n")
    said = job.ran[0].stdout
    assert "leaked" not in said
    for line in ("CI=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_REPOSITORY=acme/models", "TOP=one"):
        assert line in said.splitlines()
    assert '"number": 7' in said
    assert said.endswith(f"{tmp_path / 'work'}\n")


def test_steps_hand_on_outputs_variables_paths_and_summaries(tmp_path: Path) -> None:
    job = a_job(
        tmp_path,
        """\
      - id: one
        run: |
          echo "verdict=passed" >> "$GITHUB_OUTPUT"
          printf 'long<<E\\na\\nb=c\\nE\\n' >> "$GITHUB_OUTPUT"
          echo "LATER=yes" >> "$GITHUB_ENV"
          echo "$PWD/bin" >> "$GITHUB_PATH"
          echo "# Verdict" >> "$GITHUB_STEP_SUMMARY"
      - run: echo "$LATER $VERDICT $LONG $PATH"
        env: {VERDICT: "${{ steps.one.outputs.verdict }}", LONG: "${{ steps.one.outputs.long }}"}
      - uses: actions/checkout@v4
""",
    )
    assert job.ran[1].stdout.startswith(f"yes passed a\nb=c {tmp_path / 'work'}/bin:")
    assert job.summary == "# Verdict\n"
    assert job.skipped == ["step 3: uses: actions/checkout@v4"]


def test_a_failure_stops_what_does_not_ask_for_it(tmp_path: Path) -> None:
    job = a_job(
        tmp_path,
        """\
      - run: false | cat
      - run: echo no
      - {run: echo always, if: always()}
      - {run: echo failure, if: "${{ failure() && github.repository == 'acme/models' }}"}
      - {run: echo other, if: "failure() && github.repository != 'acme/models'"}
""",
    )
    assert job.failed
    assert [one.stdout for one in job.ran] == ["", "always\n", "failure\n"]
    assert len(job.skipped) == 2


def test_a_local_composite_action_is_entered_with_its_inputs(tmp_path: Path) -> None:
    action = tmp_path / "work" / ".github" / "actions" / "x"
    action.mkdir(parents=True)
    (action / "action.yml").write_text(
        """\
inputs:
  base: {required: true}
  publish: {default: "true"}
outputs:
  verdict: {value: "${{ steps.go.outputs.verdict }}"}
runs:
  using: composite
  steps:
    - id: go
      shell: bash
      run: echo "verdict=$BASE-$PUBLISH" >> "$GITHUB_OUTPUT"; test -f "$GITHUB_ACTION_PATH/action.yml"
      env: {BASE: "${{ inputs.base }}", PUBLISH: "${{ inputs.publish }}"}
""",
        encoding="utf-8",
    )
    steps = "      - {id: x, uses: ./.github/actions/x, with: {base: main}}\n"
    job = a_job(tmp_path, steps + '      - {run: "echo $V", env: {V: "${{ steps.x.outputs.verdict }}"}}\n')
    assert job.ran[-1].stdout == "main-true\n"
    with pytest.raises(NotUnderstood, match=r"not declared \['bas'\], required \['base'\]"):
        a_job(tmp_path, "      - {uses: ./.github/actions/x, with: {bas: main}}\n")
    (ran,) = a_runner(tmp_path).action(action, base="dev").ran
    assert ran.outputs == {"verdict": "dev-true"}


@pytest.mark.parametrize(
    "text",
    [
        "${{ format('a', github.ref) }}",
        "${{ github.event.pull_request['title'] }}",
        "${{ matrix.python }}",
        "${{ github.event.commits[0].id }}",
        "${{ 'literal' }}",
        "${{ github }}",
        "${{ github.event.pull_request",
        "${{ github.event }}",
    ],
)
def test_an_expression_that_is_no_dotted_path_to_a_text_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        resolve(text, CONTEXTS)


def test_a_dotted_path_is_replaced_and_what_is_not_there_is_empty() -> None:
    text = "${{ github.event.pull_request.number }}-${{github.event.pull_request.draft}}-${{ inputs.none }}."
    assert resolve(text, CONTEXTS) == "7-true-."


@pytest.mark.parametrize(
    ("condition", "failed", "expected"),
    [
        (None, False, True),
        (None, True, False),
        ("always()", True, True),
        ("failure()", False, False),
        ("success()", True, False),
        ("github.event_name == 'push'", False, True),
        ("github.event_name == 'push'", True, False),
        ("github.event_name != 'push' || github.event.pull_request.draft", False, True),
        ("github.event_name == 'push' && github.event.pull_request.draft == false", False, False),
        ("github.event.pull_request.title == 'a == ''b'' && c'", False, True),
        ("steps.check.outputs.verdict == 'passed' && always()", True, True),
        ("${{ env.EMPTY }}", False, False),
        (False, False, False),
    ],
)
def test_a_condition_that_is_understood(condition: object, failed: bool, expected: bool) -> None:
    assert runs(condition, CONTEXTS, failed=failed) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "contains(github.event_name, 'push')",
        "cancelled()",
        "!always()",
        "github.event_name == github.ref",
        "(github.event_name == 'push')",
        "github.event.pull_request.number == '7'",
        "github.event.absent == ''",
        "github.event.pull_request.number > 3",
    ],
)
def test_a_condition_that_is_not_understood_is_refused(condition: str) -> None:
    with pytest.raises(NotUnderstood):
        runs(condition, CONTEXTS, failed=False)


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("{run: x, shell: python}", "the shell 'python'"),
        ("{run: x, continue-on-error: true}", "continue-on-error"),
        ("{run: x, strategy: y}", r"\['strategy'\]"),
    ],
)
def test_a_step_with_what_the_harness_does_not_do_is_refused(tmp_path: Path, step: str, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        a_job(tmp_path, f"      - {step}\n")
