"""Source commit: what the forge tells of the model's code. Effects in order, no decisions."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from model_ratchet.core.code import Checks, Reported
from model_ratchet.core.errors import ForgeError
from model_ratchet.core.evidence import CodeReviews, Missing, Need, Shape
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.code_review import code_reviews
from model_ratchet.engine.plan import Plan
from model_ratchet.ports import Forge

T = TypeVar("T")


def read_source_commit(plan: Plan, forge: Forge | None) -> Mapping[Need, Checks | CodeReviews | Missing]:
    """The answer to every need of checks and of code reviews; all are missing where there is no forge to ask."""
    needs = [need for need in plan.needs() if need.shape in (Shape.CHECKS, Shape.CODE_REVIEWS)]
    if not needs:
        return {}
    repository, commit = plan.facts.stated["source.repository"], plan.facts.stated["source.commit"]
    if forge is None:
        what = f"what reports on {commit[:12]} in {repository}"
        return dict.fromkeys(needs, Missing(reason=because(Why.FORGE_ABSENT, what=what)))
    names = [need for need in needs if need.shape is Shape.CHECKS]
    found: dict[Need, Checks | CodeReviews | Missing] = {}
    if names:
        reported = _asked(lambda: forge.reported_on(repository, commit))
        found |= {need: _named(need.metric, reported) for need in names}
    if len(names) < len(needs):
        pulls = _asked(lambda: forge.pulls_of(repository, commit))
        answer = pulls if isinstance(pulls, Missing) else code_reviews(pulls, commit)
        found |= dict.fromkeys((need for need in needs if need.shape is Shape.CODE_REVIEWS), answer)
    return found


def _asked(ask: Callable[[], T]) -> T | Missing:
    try:
        return ask()
    except ForgeError as error:
        what = error.what or "what reports on the source commit"
        return Missing(reason=because(Why.FORGE_UNREADABLE, what=what, status=error.status))


def _named(name: str, reported: tuple[Reported, ...] | Missing) -> Checks | Missing:
    if isinstance(reported, Missing):
        return reported
    return Checks(reported=tuple(one for one in reported if one.name == name))
