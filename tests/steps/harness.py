"""Runs the ``run:`` lines of our own workflows and composite actions as a runner would: a step harness, no runner.

What it does: one job's steps in order, each by ``bash --noprofile --norc -eo pipefail`` in a clean environment with the
files of a real runner (event, output, env, path, summary); local composite actions are entered with their inputs.

What it does **not** prove, for GitHub alone decides it: triggers and filters (``on:``), permissions, what secrets a run is
given, environments, concurrency, matrices, containers, ``uses:`` of anything that is not local (listed as skipped),
``timeout-minutes``, expressions beyond dotted paths, masking of secrets in logs, and that ``bash`` and the tools of a hosted
runner are those found here. It never says that a workflow works on GitHub.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from steps.expressions import NotUnderstood, resolve, runs

PATH = os.defpath
STEP_KEYS = frozenset(
    {"name", "id", "if", "run", "uses", "with", "env", "shell", "working-directory", "continue-on-error"}
)
INERT_KEYS = frozenset({"timeout-minutes"})
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass(frozen=True)
class Ran:
    """A step that ran."""

    name: str
    code: int
    stdout: str
    stderr: str
    outputs: Mapping[str, str]
    summary: str


@dataclass
class Job:
    """What came of a job."""

    ran: list[Ran] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Steps that used an action from elsewhere, or whose ``if:`` did not hold; each with the reason."""
    failed: bool = False

    @property
    def summary(self) -> str:
        return "".join(one.summary for one in self.ran)

    @property
    def log(self) -> str:
        return "".join(one.stdout + one.stderr for one in self.ran)


@dataclass(frozen=True)
class Runner:
    """Where a job runs: the checked-out folder, a scratch folder, and what GitHub says of the run.

    ``github`` is the ``github`` context; its entries are the ``GITHUB_*`` variables too. ``path`` are folders put before
    the system's.
    """

    workspace: Path
    scratch: Path
    event_name: str
    event: Mapping[str, Any]
    github: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    path: Sequence[Path] = ()
    timeout: float = 120

    def job(self, workflow: Path, name: str) -> Job:
        """Run one job of a workflow file."""
        written = yaml.safe_load(workflow.read_text(encoding="utf-8"))
        job = written["jobs"][name]
        shell = written.get("defaults", {}).get("run", {}) | job.get("defaults", {}).get("run", {})
        if set(shell) - {"shell"} or shell.get("shell", "bash") != "bash":
            raise NotUnderstood(f"defaults of {name}: {shell}")
        env = {**written.get("env", {}), **job.get("env", {})}
        return self._start(job["steps"], env, {})

    def action(self, folder: Path, **inputs: str) -> Job:
        """Run a composite action by itself."""
        self._prepare()
        job = Job()
        state = _State(self._environment(), self._github())
        self._action(folder, inputs, state, job)
        return job

    def _start(self, steps: Sequence[Mapping[str, Any]], env: Mapping[str, Any], inputs: Mapping[str, str]) -> Job:
        self._prepare()
        job = Job()
        state = _State(self._environment(), self._github())
        state.env |= {key: resolve(str(text), self._contexts(state, inputs)) for key, text in env.items()}
        self._steps(steps, inputs, state, job)
        return job

    def _prepare(self) -> None:
        (self.scratch / "home").mkdir(parents=True, exist_ok=True)
        (self.scratch / "event.json").write_text(json.dumps(self.event), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([*map(str, self.path), "/usr/local/bin", *PATH.split(os.pathsep)]),
            "HOME": str(self.scratch / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "RUNNER_TEMP": str(self.scratch),
            "RUNNER_OS": "Linux",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(self.scratch / "event.json"),
            "GITHUB_EVENT_NAME": self.event_name,
            **{f"GITHUB_{name.upper()}": text for name, text in self.github.items() if name != "token"},
        }

    def _github(self) -> Mapping[str, Any]:
        return {**self.github, "event": self.event, "event_name": self.event_name, "workspace": str(self.workspace)}

    def _contexts(self, state: "_State", inputs: Mapping[str, str]) -> Mapping[str, Any]:
        steps = {name: {"outputs": outputs} for name, outputs in state.outputs.items()}
        return {
            "github": state.github,
            "inputs": inputs,
            "env": state.env,
            "secrets": self.secrets,
            "vars": self.variables,
            "steps": steps,
        }

    def _steps(
        self,
        steps: Sequence[Mapping[str, Any]],
        inputs: Mapping[str, str],
        state: "_State",
        job: Job,
        composite: bool = False,
    ) -> None:
        for number, step in enumerate(steps, 1):
            unknown = set(step) - STEP_KEYS - INERT_KEYS
            if unknown:
                raise NotUnderstood(f"step {number} has {sorted(unknown)}")
            if composite and "run" in step and "shell" not in step:
                raise NotUnderstood(f"step {number} of a composite action names no shell")
            self._step(step, f"{step.get('name', step.get('id', f'step {number}'))}", inputs, state, job)

    def _step(self, step: Mapping[str, Any], name: str, inputs: Mapping[str, str], state: "_State", job: Job) -> None:
        contexts = self._contexts(state, inputs)
        if not runs(step.get("if"), contexts, failed=state.failed):
            job.skipped.append(f"{name}: if: {step.get('if', 'success()')}")
            return
        if step.get("continue-on-error"):
            raise NotUnderstood(f"{name} has continue-on-error")
        if "uses" in step:
            self._uses(step, name, contexts, state, job)
            return
        if step.get("shell", "bash") != "bash":
            raise NotUnderstood(f"{name} has the shell {step['shell']!r}")
        env = {key: resolve(str(text), contexts) for key, text in step.get("env", {}).items()}
        folder = self.workspace / resolve(step.get("working-directory", "."), contexts)
        ran = self._run(resolve(step["run"], contexts), name, state, env, folder)
        job.ran.append(ran)
        if "id" in step:
            state.outputs[step["id"]] = ran.outputs
        if ran.code:
            state.failed = job.failed = True

    def _uses(self, step: Mapping[str, Any], name: str, contexts: Mapping[str, Any], state: "_State", job: Job) -> None:
        used = step["uses"]
        if not used.startswith("./"):
            job.skipped.append(f"{name}: uses: {used}")
            return
        given = {key: resolve(_written(text), contexts) for key, text in step.get("with", {}).items()}
        env = {key: resolve(str(text), contexts) for key, text in step.get("env", {}).items()}
        before = dict(state.env)
        state.env |= env
        outputs = self._action(self.workspace / used, given, state, job)
        for key in env:
            state.env.pop(key)
            state.env |= {key: before[key]} if key in before else {}
        if "id" in step:
            state.outputs[step["id"]] = outputs

    def _action(self, folder: Path, given: Mapping[str, str], state: "_State", job: Job) -> Mapping[str, str]:
        written = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        if written["runs"]["using"] != "composite":
            raise NotUnderstood(f"{folder.name} is no composite action")
        declared = written.get("inputs", {})
        unknown = set(given) - set(declared)
        missing = {key for key, one in declared.items() if one.get("required") and key not in given}
        if unknown or missing:
            raise NotUnderstood(f"{folder.name}: inputs not declared {sorted(unknown)}, required {sorted(missing)}")
        start = self._contexts(state, {})
        inputs = {key: resolve(_written(one.get("default", "")), start) for key, one in declared.items()} | dict(given)
        inner = _State(state.env, {**state.github, "action_path": str(folder)}, numbers=state.numbers)
        inner.extra = {"GITHUB_ACTION_PATH": str(folder)}
        self._steps(written["runs"]["steps"], inputs, inner, job, composite=True)
        state.failed = state.failed or inner.failed
        contexts = self._contexts(inner, inputs)
        return {key: resolve(one["value"], contexts) for key, one in written.get("outputs", {}).items()}

    def _run(self, script: str, name: str, state: "_State", env: Mapping[str, str], folder: Path) -> Ran:
        files = {kind: self.scratch / f"{kind.lower()}-{next(state.numbers)}" for kind in FILES}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        file = self.scratch / f"step-{next(state.numbers)}.sh"
        file.write_text(script, encoding="utf-8")
        named = {f"GITHUB_{kind}": str(where) for kind, where in files.items()}
        done = subprocess.run(
            [*SHELL, str(file)],
            cwd=folder,
            env={**state.env, **state.extra, **env, **named},
            capture_output=True,
            text=True,
            check=False,
            timeout=self.timeout,
            stdin=subprocess.DEVNULL,
        )
        said = {kind: where.read_text(encoding="utf-8") for kind, where in files.items()}
        state.env |= _pairs(said["ENV"])
        state.env["PATH"] = os.pathsep.join([*reversed(said["PATH"].split()), state.env["PATH"]])
        return Ran(name, done.returncode, done.stdout, done.stderr, _pairs(said["OUTPUT"]), said["STEP_SUMMARY"])


FILES = ("OUTPUT", "ENV", "STEP_SUMMARY", "PATH")


@dataclass
class _State:
    """What one step leaves to the next; a composite action has its own steps and shares the environment."""

    env: dict[str, str]
    github: Mapping[str, Any]
    failed: bool = False
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)


def _written(one: object) -> str:
    return str(one).lower() if isinstance(one, bool) else "" if one is None else str(one)


def _pairs(text: str) -> dict[str, str]:
    """The entries of an environment file: ``name=value`` lines and ``name<<MARK`` blocks."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        block = re.fullmatch(r"([^=<]+)<<(.+)", line)
        if block:
            kept: list[str] = []
            for inner in lines:
                if inner == block[2]:
                    break
                kept.append(inner)
            else:
                raise NotUnderstood(f"{block[1]} does not end with {block[2]!r}")
            found[block[1]] = "\n".join(kept)
        elif "=" in line:
            name, _, text_of = line.partition("=")
            found[name] = text_of
        elif line:
            raise NotUnderstood(f"neither name=value nor name<<MARK: {line!r}")
    return found
