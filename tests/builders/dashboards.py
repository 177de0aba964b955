"""All models of a repository that has lived for a while: what is in flight, what was rolled back, what is held."""

from datetime import UTC, datetime, timedelta

from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Actor,
    Admitted,
    Event,
    Hold,
    PolicyChanged,
    PromotedVersion,
    Released,
    RolledBackVersion,
    StageStarted,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.engine.model_track import together, track
from model_ratchet.engine.story import stories
from model_ratchet.engine.watch import Says
from model_ratchet.report.chronicle import chronicle
from model_ratchet.report.site.seen import DECISIONS, InForce, Seen, SeenModel
from model_ratchet.report.standing import Running, Standing

START = datetime(2026, 9, 1, 9, tzinfo=UTC)
MODELS = ("churn", "demand", "flight-delay", "fraud", "pricing", "ranking", "routing")
ADA, BO = Actor(login="ada", id=7), Actor(login="bo", id=8)
POLICY = PolicyName.parse("standard/1.1.0")


def version(model: int, number: int) -> Version:
    return Version(2, number, 0, START + timedelta(days=20 * number + 2 * model - 1))


def a_dashboard() -> Seen:
    """Seven models with three promotions each, of which two went wrong."""
    events = sorted((event for model in range(len(MODELS)) for event in _life(model)), key=lambda event: event.at)
    rows = tuple(sorted(chronicle(events), key=lambda row: (row.at, row.line), reverse=True))
    told = stories(events)
    models = tuple(
        SeenModel(
            name=name,
            standing=_standing(number),
            track=track(told[name]),
            rows=tuple(row for row in rows if row.model == name),
            policies=(str(POLICY),),
        )
        for number, name in enumerate(MODELS)
    )
    return Seen(
        models=models,
        track=together(one.track for one in models),
        rows=tuple(row for row in rows if row.what in DECISIONS),
        policies=(
            InForce(name="standard/1.1.0", models=MODELS),
            InForce(name="standard/1.0.0", models=(), revoked="since 2026-09-20, the business gate was missing"),
        ),
        watched_at=START + timedelta(days=66, hours=2),
        address="https://github.com/acme/promotions",
    )


def _life(model: int) -> list[Event]:
    name, found = MODELS[model], list[Event]()
    for number in range(3):
        at, of = START + timedelta(days=20 * number + 2 * model), {"model": name, "candidate": version(model, number)}
        asked = {**of, "pull": 20 * number + model + 1}
        digest = f"sha256:{number:032x}{model:032x}"
        found.append(Admitted(at=at, by=ADA, digest=digest, policy=POLICY, attempt=1, **asked))  # type: ignore[arg-type]
        found.append(StageStarted(at=at, stage="shadow", mirror=1.0, **asked))  # type: ignore[arg-type]
        if (model, number) == (4, 2):
            because = "the pull request was closed"
            found.append(Withdrawn(at=at + timedelta(days=3), by=ADA, because=because, **asked))  # type: ignore[arg-type]
        elif (model, number) != (2, 2):
            merged = at + timedelta(days=11, hours=5 + model)
            found.append(
                PromotedVersion.model_validate(
                    {"at": merged, "by": BO, "commit": f"{number:020x}{model:020x}", "tree": "b" * 40, "record": digest}
                    | asked
                )
            )
    return [*found, *_trouble(model)]


def _trouble(model: int) -> list[Event]:
    name, late = MODELS[model], START + timedelta(days=64)
    worse, before = version(model, 2), version(model, 1)
    hold = {"model": name, "refuse": worse, "serve": before, "incident": f"{worse}-1"}
    match name:
        case "fraud":
            return [
                Hold(at=late, because="errors 1.4 %, beyond 1 % for 15 min", **hold),  # type: ignore[arg-type]
                RolledBackVersion(
                    at=late + timedelta(minutes=41),
                    model=name,
                    version=worse,
                    returns_to=before,
                    commit="c" * 40,
                    cause="culprit",
                    pull=71,
                ),
                Released(at=late + timedelta(minutes=41), model=name, because="the removal is merged", resolved=True),
            ]
        case "ranking":
            return [Hold(at=late + timedelta(days=2), because="accuracy −6.1 pp, beyond −5 pp for 6 h", **hold)]  # type: ignore[arg-type]
        case "churn":
            return [
                WaivedCriterion(at=late, model=name, candidate=worse, waiver="latency-2026-10", criterion="latency-p95")
            ]
        case "demand":
            return [PolicyChanged(at=late, by=BO, commit="d" * 40, paths=("policies/standard/1.1.0.yaml",), pull=64)]
        case _:
            return []


def _standing(model: int) -> Standing:
    name = MODELS[model]
    last = 1 if name in ("flight-delay", "fraud", "pricing") else 2
    since = START + timedelta(days=20 * last + 2 * model + 11, hours=5 + model)
    flying = Running(version=str(version(2, 2)), since=since, stage="canary", health=Says.QUIET)
    return Standing(
        model=name,
        active=Running(
            version=str(version(model, last)), since=since, health=Says.FIRING if name == "ranking" else Says.QUIET
        ),
        candidates=(flying,) if name == "flight-delay" else (),
        held="accuracy −6.1 pp, beyond −5 pp for 6 h" if name == "ranking" else None,
    )
