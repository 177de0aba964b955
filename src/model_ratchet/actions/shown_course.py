"""shown_course: what the triggers of a version read, as charts for whoever looks at its rollback."""

from collections.abc import Iterator, Sequence

from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.watch_state import on_branch
from model_ratchet.core.errors import RatchetError
from model_ratchet.core.evidence import EPOCH
from model_ratchet.documents.files import model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.engine.watch import ALARMS, Subject, Tier, watched
from model_ratchet.engine.watch.course import Point, course
from model_ratchet.git_write import Writer
from model_ratchet.report.graphs import graphs
from model_ratchet.report.watched import about


def course_of(repository: Writer, commit: str, model: str, version: str, policy: str | None, because: str) -> str:
    """The triggers that fire by what the watch remembers, or that the reason names; empty where it remembers none of them.

    A chart is for people: what keeps it from being drawn keeps nothing else from being done.
    """
    try:
        return graphs(_courses(repository, commit, model, version, policy, because))
    except RatchetError:
        return ""


def _courses(
    repository: Writer, commit: str, model: str, version: str, policy: str | None, because: str
) -> Iterator[tuple[str, Sequence[Point]]]:
    state = on_branch(repository).states.get((model, version))
    rules = read_at(Policy, repository, commit, policy_path(policy)) if policy is not None else None
    bound = read_at(ModelFile, repository, commit, model_path(model))
    if state is None or rules is None or isinstance(rules, Faulty) or isinstance(bound, Faulty):
        return
    subject = Subject.of(bound.document, version, since=EPOCH)
    for one in watched(rules.document):
        known = state.rules.get(one.key)
        if one.tier is Tier.ROLLBACK and known is not None and (known.says in ALARMS or about(one.rule) in because):
            yield about(one.rule), course(one.rule, subject, known.blocks)
