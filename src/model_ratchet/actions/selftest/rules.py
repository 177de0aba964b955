"""Trials of the rules: each policy of the repository, written wrong in ways that must be findings."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from model_ratchet.actions.reading import read_at
from model_ratchet.actions.selftest.ground import Ground, Trial, named, shown
from model_ratchet.documents.files import model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, read
from model_ratchet.engine.selftest.attack import Said, broken, defended, idle
from model_ratchet.engine.selftest.mutations import MUTATIONS, Keys
from model_ratchet.engine.selftest.proposal import as_yaml

_PATTERN = "(a+)+$"
_EXPRESSION = "> __import__('os').system('true')"


def written_wrong(trap: str) -> Trial:
    """Each policy, written wrong for a trap."""

    def tried(ground: Ground) -> Said:
        tries = 0
        for policy in ground.policies:
            keys = _keys(ground, policy)
            for what, wrong in MUTATIONS[trap](keys):
                if not _refused(wrong):
                    return broken(f"{policy.full_name} with {what} was taken for a policy")
                tries += 1
        if not tries:
            return idle("no policy says anything that could be written wrong so")
        names = named([str(one.full_name) for one in ground.policies])
        return defended(f"{tries} ways to write it into {names}, each a finding")

    return tried


def no_document(ground: Ground) -> Said:
    """A policy that is empty, cut off, or says the wrong word."""
    for policy in ground.policies:
        path = policy_path(policy.full_name)
        whole = ground.sandbox.read(ground.base, [path])[path].content
        cut = whole[: whole.find(b"gates") + len(b"gates")]
        for what, content in {"nothing": b"", "blanks alone": b" \n", "what comes before its gates": cut}.items():
            if not isinstance(read(Policy, path, content), tuple):
                return broken(f"{path} that holds {what} was taken for a policy")
        keys = _keys(ground, policy)
        found = read(Policy, path, as_yaml({"gatesx" if key == "gates" else key: one for key, one in keys.items()}))
        if not isinstance(found, tuple) or not any("did you mean `gates`" in one.message for one in found):
            return broken(f"{path} with `gatesx` is not told “did you mean `gates`”")
    if not ground.policies:
        return idle("the base branch holds no policy")
    return defended("each policy as an empty file, and cut off, is a finding; an unknown key is told what was meant")


def expressions(ground: Ground) -> Said:
    """A pattern in a policy, and a program in a threshold of the model file."""
    for policy in ground.policies:
        if not _refused({**_keys(ground, policy), "pattern": _PATTERN}):
            return broken(f"{policy.full_name} with a pattern was taken for a policy")
    for model in ground.models:
        path = model_path(model.name)
        keys = _tree(read_at(ModelFile, ground.sandbox, ground.base, path))
        odd = {"kind": "proportion", "score": "score", "label": "label", "threshold": _EXPRESSION}
        found = read(ModelFile, path, as_yaml({**keys, "metrics": {**keys["metrics"], "selftest": odd}}))
        if not isinstance(found, tuple):
            return broken(f"{path} with a program for a threshold was taken for a model file")
    return defended("no key of a policy takes a pattern, and a program for a threshold is a finding")


def instants(ground: Ground) -> Said:
    """An instant without a zone, in the request."""
    control = ground.control
    if control is None:
        return idle(ground.why_not)
    drill = {"performed_at": "2025-08-01T00:00:00", "restored": control.subject.baseline, "result": "passed"}
    check = control.subject.check(control.subject.head(control.subject.proposal.files(drill=drill)))
    if not check.findings:
        return broken("an instant without a zone was taken")
    return defended(f"an instant without a zone is refused: {shown(check.findings[0].message)}")


def _keys(ground: Ground, policy: Policy) -> Keys:
    return _tree(read_at(Policy, ground.sandbox, ground.base, policy_path(policy.full_name)))


def _tree(found: object) -> Keys:
    """The keys of a document that was read before."""
    assert isinstance(found, Located)  # noqa: S101  (the ground was read from there)
    value = found.tree.value
    assert isinstance(value, dict)  # noqa: S101
    return dict(value)


def _refused(keys: Mapping[str, object]) -> bool:
    """Whether these are no policy. The text is not read again for each of hundreds."""
    try:
        Policy.model_validate_json(json.dumps(keys))
    except ValidationError:
        return True
    return False


TRIALS: tuple[tuple[tuple[str, ...], Trial], ...] = (
    *(((trap,), written_wrong(trap)) for trap in MUTATIONS),
    (("E06",), no_document),
    (("T35",), expressions),
    (("E36",), instants),
)
