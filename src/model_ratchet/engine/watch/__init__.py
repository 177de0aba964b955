"""The watch: what a version that runs must not become, judged block by block, without asking anybody anything.

One run goes ``watched(policy)`` → ``asks(subject, …)`` → ``needs`` (put to the sources) → ``read`` → ``watch``, with the
``WatchState`` of the run before (``from_bytes``) and for the one after (``to_bytes``). What each step needs is an argument;
the clock comes in once, as ``asks(now=…)``.
"""

from model_ratchet.engine.watch.blocks import Ask, Block, Read, Traffic, asks, needs, read
from model_ratchet.engine.watch.fold import Report, Result, Turn, watch
from model_ratchet.engine.watch.recorded import recorded_hours
from model_ratchet.engine.watch.rules import Reference, Rule, SilenceRule, Subject, Tier, Watched, unfit, watched
from model_ratchet.engine.watch.state import ALARMS, RuleState, Says, WatchState, from_bytes, to_bytes

__all__ = [
    "ALARMS", "Ask", "Block", "Read", "Reference", "Report", "Result", "Rule", "RuleState", "Says", "SilenceRule",
    "Subject", "Tier", "Traffic", "Turn", "WatchState", "Watched", "asks", "from_bytes", "needs", "read", "recorded_hours",
    "to_bytes", "unfit", "watch", "watched",
]  # fmt: skip
