"""Incident: the issue on what reached the base branch without a verdict, in the words of the form for root causes."""

from model_ratchet.documents.events import Unverified
from model_ratchet.report import numbers
from model_ratchet.report.escape import clean, code, path, text

LABEL = "root-cause"
"""As in ``.github/ISSUE_TEMPLATE/root-cause.yml``."""


def incident_title(event: Unverified) -> str:
    """What happened, in a line."""
    return f"Unverified: {clean(event.model)} {event.version or event.commit[:12]} reached the base branch without a verdict"


def incident_body(event: Unverified, run: str) -> str:
    """What is known, and what is to be found out; ``run`` is the address of the run that found it."""
    version = code(str(event.version)) if event.version is not None else "unknown"
    pull = f"#{event.pull}" if event.pull is not None else "none: it was pushed"
    answers = {
        "Model": text(event.model),
        "Version": version,
        "Pull request": pull,
        "What showed it": f"no verdict vouches for commit {code(event.commit)}: {text(event.because)}",
        "Timeline": f"{numbers.instant(event.at)}: it reached the base branch. Found by {run}.",
        "Root cause": "Who let it through, and by which right? TODO",
        "What changes before the next attempt": "Is it kept? If not, remove its folder in a pull request of its own. TODO",
    }
    marker = f"<!-- ratchet:v1:incident {event.commit} {path(event.model)} {event.version or '-'} -->"
    return "\n\n".join([marker, *(f"### {label}\n\n{answer}" for label, answer in answers.items())]) + "\n"
