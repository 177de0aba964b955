"""The artefacts of a version: inherited, never harmful, never flattering, and the same bytes for the same evidence."""

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from builders.games import PRESENT, WHY, games
from builders.integrating import V1, V2, V3, blocks_of, drawn, inputs, parent, settings
from model_ratchet.core.offers import Offers
from model_ratchet.core.scored import MONEY, PARTS, Bets
from model_ratchet.documents.inherited import ARTIFACTS, TrackEntry
from model_ratchet.engine.integrate import artifacts
from model_ratchet.engine.integrate.compare import differences, turnover
from model_ratchet.engine.integrate.inputs import Inputs, Measured
from model_ratchet.engine.integrate.text import rounded, text
from model_ratchet.stats.maps import sigmoid

LARGE = drawn(4000, -0.4, 0.6, 1)
SMALL = drawn(25, 0.0, 1.0, 2)


def made(given: Inputs, name: str = "calibration") -> Any:
    return artifacts(given)[name]


def entry(given: Inputs, segment: str) -> Any:
    return made(given)["segments"][segment]


def first() -> Inputs:
    return inputs({"nba": LARGE, "nfl": SMALL})


def second(**more: Any) -> Inputs:
    """A second version on events of its own, with the first one's artefacts."""
    given = {"nba": drawn(4000, 0.3, 1.3, 5), "nfl": drawn(25, 0.2, 1.0, 6)}
    return inputs(given, version=V2, inherited=parent(V1, artifacts(first())), **more)


def test_the_same_evidence_gives_the_same_bytes() -> None:
    one, two = artifacts(second()), artifacts(second())
    assert [text(value, "s") for value in one.values()] == [text(value, "s") for value in two.values()]


def test_what_is_written_reads_back_as_it_was_and_is_a_document() -> None:
    for name, value in artifacts(second()).items():
        assert yaml.safe_load(text(value, "s")) == value
        ARTIFACTS[name].model_validate_json(json.dumps(value))


def test_a_map_that_is_needed_is_adopted_and_one_that_is_not_is_left() -> None:
    needed, idle = entry(first(), "nba"), entry(inputs({"nba": drawn(4000, 0, 1, 9)}), "nba")
    assert made(first())["overall"]["decision"] == "adopted"
    assert needed["map"]["b"] == pytest.approx(0.6, abs=0.1)
    assert (idle["decision"], idle["map"]) == ("identity_kept", {"method": "identity"})
    assert idle["reason"] == "gain_not_shown"


def test_twenty_five_events_inherit() -> None:
    found = entry(first(), "nfl")
    assert (found["events"], found["decision"], found["reason"]) == (25, "inherited_kept", "too_few_events")
    assert found["map"] == made(first())["overall"]["map"]
    assert entry(second(), "nfl")["map"] == found["map"], "the next version takes the map of the segment over"


def test_a_large_segment_shows_what_it_adds_to_what_it_inherits() -> None:
    found, before = entry(second(), "nba"), entry(first(), "nba")["map"]
    assert (found["decision"], found["inherited"]) == ("adopted", before)
    for name in ("a", "b"):
        assert found["map"][name] == pytest.approx(found["inherited"][name] + found["adjustment"][name], abs=1e-8)
        assert 0.5 < found["own_weight"][name] < 1
    low, high = sorted((found["own"]["b"], found["inherited"]["b"]))
    assert low < found["map"]["b"] < high
    assert found["gain"]["mean"] > found["gain"]["error"]
    assert found["calibrated"]["log_loss"]["value"] < found["raw"]["log_loss"]["value"]


def test_an_inherited_map_that_does_harm_is_dropped() -> None:
    """The parent's forecasts were off, and the candidate's are not: identity gains on the inherited map."""
    found = made(inputs({"nba": drawn(600, 0, 1, 3)}, version=V2, inherited=parent(V1, artifacts(first()))))
    assert found["overall"]["decision"] == "identity_kept"
    assert found["overall"]["inherited"]["method"] == "logistic"


@pytest.mark.parametrize(
    ("p", "y", "reason"),
    [
        (np.linspace(0.2, 0.8, 200), np.ones(200, dtype=int), "one_class"),
        (np.tile([0.3, 0.7], 100), np.tile([0, 1], 100), "separated"),
    ],
    ids=["one-class", "separated"],
)
def test_events_that_hold_no_fit_keep_identity(p: Any, y: Any, reason: str) -> None:
    found = made(inputs({"nba": (p, y)}))["overall"]
    assert (found["decision"], found["reason"], found["own"]) == ("identity_kept", reason, None)


def test_a_segment_without_events_keeps_the_map_that_it_had() -> None:
    given = inputs({"nba": LARGE}, version=V2, inherited=parent(V1, artifacts(first())))
    found = entry(given, "nfl")
    assert (found["events"], found["reason"], found["raw"], found["reliability"]) == (0, "no_events", None, [])
    assert found["map"] == entry(first(), "nfl")["map"]


def test_a_reset_takes_nothing_over() -> None:
    asked = settings(calibration={"history": "reset"})
    assert made(second(settings=asked))["overall"]["inherited"] is None
    assert made(second(settings=asked))["data"]["history"] == "reset"


def test_events_of_before_count_as_the_history_says() -> None:
    before = blocks_of({"nba": drawn(4000, -0.4, 0.6, 7)})
    whole = made(inputs({"nba": drawn(200, -0.4, 0.6, 8)}, earlier=before))
    half = made(inputs({"nba": drawn(200, -0.4, 0.6, 8)}, earlier=tuple(replace(one, weight=0.25) for one in before)))
    alone = made(inputs({"nba": drawn(200, -0.4, 0.6, 8)}))
    errors = [one["overall"]["own"] and one["segments"]["nba"]["events"] for one in (whole, half, alone)]
    assert errors == [200, 200, 200]
    assert whole["data"]["earlier_events"] == 4000
    assert whole["overall"]["decision"] == "adopted"
    assert half["overall"]["errors"]["b"] > whole["overall"]["errors"]["b"]
    assert alone["overall"]["raw"] == whole["overall"]["raw"], "quality is that of the stage alone"


def test_an_isotonic_map_takes_a_thousand_events() -> None:
    asked = settings(calibration={"method": "isotonic"})
    assert made(inputs({"nba": drawn(999, -0.8, 0.5, 4)}, settings=asked))["overall"]["reason"] == "too_few_events"
    adopted = made(inputs({"nba": drawn(4000, -0.8, 0.5, 4)}, settings=asked))
    assert adopted["overall"]["map"]["method"] == "isotonic"
    assert adopted["prior"] is None
    after = inputs(
        {"nba": SMALL},
        version=V2,
        inherited=parent(V1, artifacts(inputs({"nba": drawn(4000, -0.8, 0.5, 4)}, settings=asked))),
    )
    assert made(after)["overall"]["map"] == adopted["overall"]["map"], "inherited by another method"


@pytest.mark.parametrize("method", ["temperature", "logistic", "beta"])
def test_each_family_adopts_its_own_map(method: str) -> None:
    found = made(inputs({"nba": drawn(6000, 0, 0.5, 4)}, settings=settings(calibration={"method": method})))
    assert found["overall"]["map"]["method"] == method
    assert found["overall"]["errors"].keys() == found["prior"].keys()


def test_the_spread_can_be_learned_from_eight_segments() -> None:
    given = {f"s{k}": drawn(400, 0.1 * k, 1, k) for k in range(9)}
    asked = settings(calibration={"learn_prior": True})
    found = made(inputs(given, settings=asked))
    assert found["prior_learned"]
    assert found["prior"]["a"] > 0.1
    assert not made(inputs({"s1": given["s1"]}, settings=asked))["prior_learned"]


def test_the_evaluation_is_carried_over_unchanged_and_a_change_is_told() -> None:
    asked = settings(confidence={"components": {"model": 0.6, "risk": 0.4}, "tiers": {"high": 0.75}})
    before = parent(V1, artifacts(replace(first(), settings=asked)))
    after = made(second(), "confidence")
    kept = made(replace(second(), inherited=before), "confidence")
    assert kept["evaluation"] == {
        "laid_down_by": V1,
        "components": {"model": 0.6, "risk": 0.4},
        "tiers": {"high": 0.75},
    }
    assert after["evaluation"]["laid_down_by"] == V1
    other = settings(confidence={"components": {"model": 1.0}, "tiers": {"high": 0.9}})
    told = made(replace(second(), inherited=before, settings=other), "confidence")
    assert told["evaluation"] == kept["evaluation"]
    assert any(line.startswith("evaluation:") for line in told["warnings"])
    anew = settings(confidence={"components": {"model": 1.0}, "tiers": {"high": 0.9}, "reset": True})
    assert made(replace(second(), inherited=before, settings=anew), "confidence")["evaluation"]["laid_down_by"] == V2


def test_tiers_hold_every_pick_once_with_exact_bounds() -> None:
    asked = settings(confidence={"tiers": {"medium": 0.55, "high": 0.7}})
    high, medium = made(replace(first(), settings=asked), "confidence")["tiers"]
    assert (high["tier"], medium["tier"]) == ("high", "medium")
    assert 0 < high["picks"] + medium["picks"] <= 4025
    for tier in (high, medium):
        assert tier["low"] < tier["rate"] < tier["high"]
        assert tier["low"] < tier["expected"] < tier["high"]
    empty = settings(confidence={"tiers": {"never": 0.999}})
    (tier,) = made(replace(first(), settings=empty), "confidence")["tiers"]
    assert (tier["picks"], tier["rate"], tier["low"], tier["high"]) == (0, None, 0.0, 1.0)


def test_the_track_record_is_handed_on() -> None:
    track = {V1: TrackEntry(events=9, came=4, brier=0.2, log_loss=0.6, ece=0.1, status="rolled_back")}
    found = made(second(track=track), "confidence")["track_record"]
    assert found[V1]["status"] == "rolled_back"


def with_offers(given: Inputs) -> Inputs:
    """Events that a market priced, of which the model knows more."""
    generator = np.random.default_rng(3)
    blocks = []
    for block in given.blocks:
        market = generator.uniform(0.3, 0.7, 400)
        model = np.clip(market + generator.normal(0, 0.1, 400), 0.01, 0.99)
        came = generator.random(400) < sigmoid(np.log(model / (1 - model)))
        bins = tuple(
            (k, 1, int(one), int(m * PARTS), int(p * PARTS))
            for k, (m, p, one) in enumerate(zip(market, model, came, strict=True))
        )
        blocks.append(replace(block, offers={"nba": Offers(bins=bins)}))
    return replace(given, blocks=tuple(blocks))


def test_a_model_that_knows_more_than_the_market_is_lent_weight() -> None:
    found = artifacts(with_offers(first()))
    model = found["confidence"]["edge_models"]["nba"]
    assert model["p_value"] < 0.01
    assert model["events"] == 4000
    assert found["optimizer"]["model_weights"] == {"nba": model["model_weight"], "nfl": None}
    assert found["confidence"]["edge_models"]["nfl"] is None
    assert any(line.startswith("edge_models.nfl") for line in found["confidence"]["warnings"])


def test_without_a_market_nothing_is_said_of_an_edge() -> None:
    found = artifacts(first())
    assert found["confidence"]["edge_model"] is None
    assert any(line.startswith("edge_model:") for line in found["confidence"]["warnings"])
    assert found["optimizer"]["weights"] is None
    assert any(line.startswith("weights:") for line in found["optimizer"]["warnings"])


def with_bets(given: Inputs, seed: int = 1) -> Inputs:
    """Bets of both segments: those of the NBA pay more, and those of the NFL vary less."""
    generator = np.random.default_rng(seed)

    def bets(mean: float, spread: float) -> Bets:
        profit = round(generator.normal(mean, spread) * 100 * MONEY)
        return Bets(n=100, won=50, pushes=0, staked=100 * MONEY, profit=profit, squares=1, lost=1, break_even=1)

    blocks = [replace(one, bets={"nba": bets(0.1, 0.3), "nfl": bets(0.05, 0.1)}) for one in given.blocks]
    return replace(given, blocks=tuple(blocks))


def test_weights_sum_to_one_over_the_segments_that_were_measured() -> None:
    given = with_bets(
        inputs({"nba": LARGE, "nfl": SMALL, "mlb": SMALL}, settings=settings(optimizer={"risk_aversion": 50.0}))
    )
    found = made(given, "optimizer")
    assert found["weights"].keys() == {"nba", "nfl"}
    assert sum(found["weights"].values()) == pytest.approx(1)
    assert found["weights"]["nfl"] > found["weights"]["nba"]
    assert found["covariance"]["periods"] == 10
    assert any(line.startswith("weights.mlb") for line in found["warnings"])


def test_a_limit_on_weights_holds_and_one_that_can_not_is_told() -> None:
    held = made(with_bets(replace(first(), settings=settings(optimizer={"max_weight": 0.6}))), "optimizer")
    assert max(held["weights"].values()) == pytest.approx(0.6)
    told = made(with_bets(replace(first(), settings=settings(optimizer={"max_weight": 0.3}))), "optimizer")
    assert any(line.startswith("max_weight:") for line in told["warnings"])


def test_the_difference_from_the_parent_names_each_key_and_why() -> None:
    before = replace(with_bets(first()), settings=settings(optimizer={"limits": {"min_ev": 0.05}}))
    after = with_bets(second(), seed=2)
    after = replace(
        after, inherited=parent(V1, artifacts(before)), settings=settings(optimizer={"limits": {"min_ev": 0.04}})
    )
    found = {one["key"]: one for one in made(after, "optimizer")["differences"]}
    assert found["limits.min_ev"] == {"key": "limits.min_ev", "before": 0.05, "after": 0.04, "reason": "model_file"}
    assert found["weights.nba"]["reason"] == "recomputed"
    gone = {
        one["key"]: one["reason"] for one in made(replace(after, blocks=second().blocks), "optimizer")["differences"]
    }
    assert gone["weights.nba"] == "not_measured"


def test_edges_per_cycle_follow_from_what_was_measured_and_from_nothing_else() -> None:
    asked = settings(optimizer={"performance": {"cycle": "60s"}})
    whole = replace(
        first(),
        settings=asked,
        measured=Measured(latency_p95_s=0.05, error_rate=0.01, memory_bytes=400.0),
        allocated_memory_bytes=1000.0,
    )
    assert made(whole, "optimizer")["performance"]["edges_per_cycle"] == 2376
    part = replace(
        whole, measured=Measured(latency_p95_s=0.05, memory_bytes=400.0), missing={"performance.errors": "not bound"}
    )
    found = made(part, "optimizer")
    assert found["performance"]["edges_per_cycle"] is None
    assert "performance.errors: not bound" in found["warnings"]


def test_a_chain_of_three_hands_each_map_on_and_names_its_parent() -> None:
    one = artifacts(first())
    two = artifacts(second())
    third = inputs({"nba": SMALL, "nfl": SMALL}, version=V3, inherited=parent(V2, two))
    three = artifacts(third)
    assert three["calibration"]["parent"]["version"] == V2
    assert three["calibration"]["segments"]["nba"]["map"] == two["calibration"]["segments"]["nba"]["map"]
    again = artifacts(replace(third, inherited=parent(V1, one)))
    assert again["calibration"]["parent"]["version"] == V1, "after a rollback of the second the first is the parent"
    assert again["calibration"]["segments"]["nba"]["map"] == one["calibration"]["segments"]["nba"]["map"]


def test_an_edited_number_is_found_by_its_key_path() -> None:
    value = artifacts(second())["calibration"]
    assert list(differences(value, value)) == []
    edited = copy.deepcopy(dict(value))
    edited["segments"]["nba"]["map"]["a"] *= 1 + 1e-7
    ((path, *_),) = differences(edited, value)
    assert path == "segments.nba.map.a"
    edited = copy.deepcopy(dict(value))
    edited["segments"]["nba"]["map"]["a"] *= 1 + 1e-9
    assert list(differences(edited, value)) == []


@pytest.mark.parametrize(
    ("committed", "computed", "expected"),
    [
        ({"a": 1}, {"a": 2}, ("a", "1", "2")),
        ({"a": 1}, {"a": 1.0}, ("a", "1", "1.0")),
        ({"a": "x"}, {"a": "y"}, ("a", "x", "y")),
        ({"a": True}, {"a": 1}, ("a", "True", "1")),
        ({"a": None}, {"a": 0.0}, ("a", "None", "0.0")),
        ({}, {"a": 1}, ("a", "nothing", "1")),
        ({"a": {"b": 1}}, {}, ("a", "1 entries", "nothing")),
        ({"a": [1, 2]}, {"a": [1]}, ("a", "2 items", "1 items")),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ("a.0.b", "1", "2")),
        ({"a": [1, 2]}, {"a": 1}, ("a", "2 entries", "1")),
        ({"a": 1}, {"a": [1, 2]}, ("a", "1", "2 entries")),
        ({"a": {"b": 1}}, {"a": 1}, ("a", "1 entries", "1")),
        ({"a": 1}, {"a": {"b": 1}}, ("a", "1", "1 entries")),
    ],
    ids=[
        *("integer", "type", "text", "truth", "null", "added", "removed", "length", "inner"),
        *("list-gone", "list-new", "entries-gone", "entries-new"),
    ],
)
def test_each_kind_of_difference_has_its_place(committed: Any, computed: Any, expected: tuple[str, str, str]) -> None:
    assert list(differences(committed, computed)) == [expected]


def test_turnover_is_by_segment() -> None:
    assert turnover({"weights": {"nba": 0.7, "nfl": 0.3}}, {"weights": {"nba": 0.5, "mlb": 0.5}}) == {
        "mlb": (0.0, 0.5),
        "nba": (0.7, 0.5),
        "nfl": (0.3, 0.0),
    }
    assert turnover(None, {"weights": {"nba": 1.0}}) is None
    assert turnover({"weights": None}, {"weights": {"nba": 1.0}}) is None


def test_an_artefact_is_written_as_one_text_with_what_holds_only_scalars_on_one_line() -> None:
    value = {
        "model": "props",
        "kind": "X",
        "apiVersion": "ratchet/v1",
        "z": [{"b": 1, "a": [0.5, 2.0]}, {"a": None}],
        "flat": {"two": 2, "one": [1]},
        "pairs": [[0.1, 0.2], [0.3, 0.4]],
        "list": ["a b", True],
        "nothing": {},
    }
    assert text(value, "https://example.org/x.json") == (
        "# yaml-language-server: $schema=https://example.org/x.json\n"
        "# Written by `ratchet integrate`, and computed again by every check: an edited number fails it.\n"
        'apiVersion: "ratchet/v1"\n'
        "kind: X\n"
        "flat:\n"
        "  one: [1]\n"
        "  two: 2\n"
        'list: ["a b", true]\n'
        "model: props\n"
        "nothing: {}\n"
        "pairs:\n"
        "  - [0.1, 0.2]\n"
        "  - [0.3, 0.4]\n"
        "z:\n"
        "  - {a: [0.5, 2.0], b: 1}\n"
        "  - {a: null}\n"
    )


def test_numbers_are_written_so_that_every_reader_takes_them_for_numbers() -> None:
    value = {
        "apiVersion": "ratchet/v1",
        "kind": "X",
        "a": rounded(1e-7),
        "b": 1e-13,
        "c": 123456789012.5,
        "d": 2,
        "no": "on",
    }
    written = text({**rounded(value)}, "s")
    assert yaml.safe_load(written) == {**value, "b": 0.0, "c": 123456789000.0}
    assert "a: 1.0e-07\n" in written
    assert '"no": "on"\n' in written


@pytest.mark.skipif(not PRESENT, reason=WHY)
def test_the_artefacts_of_real_games_are_the_same_bytes_twice() -> None:
    p, y, _ = games()
    written = [
        [text(value, "s") for value in artifacts(inputs({"nfl": (p, y.astype(int))})).values()] for _ in range(2)
    ]
    assert written[0] == written[1]
    assert "events: 2680" in written[0][0]
