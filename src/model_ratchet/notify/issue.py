"""Issue: one on GitHub for each model and alert, brought up to date in place and closed when the alert is over."""

from datetime import datetime

from model_ratchet.core.alert import Alert, State
from model_ratchet.core.errors import ForgeError, NotifyError
from model_ratchet.github.client import Hub
from model_ratchet.github.issues import Draft, keep
from model_ratchet.report.alert import facts, headline
from model_ratchet.report.escape import clean, link, shorten, text

_TITLE = 200
_FACT = 2000


class IssueNotifier:
    """The issues of one repository."""

    repeats = False

    def __init__(self, name: str, hub: Hub | None, label: str) -> None:
        self.name = name
        self._hub = hub
        self._label = label

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Open the issue, or bring it up to date."""
        if self._hub is None:
            raise NotifyError("GITHUB_REPOSITORY and GITHUB_TOKEN are not set in the environment")
        try:
            keep(self._hub, draft(alert, self._label), closed=alert.state is State.RESOLVED)
        except ForgeError as error:
            raise NotifyError(str(error)) from None

    def close(self) -> None:
        """Nothing is kept open: the client belongs to whoever opened it."""


def draft(alert: Alert, label: str) -> Draft:
    """What the issue says. Its title stays the same while the alert lasts."""
    rows = "\n".join(f"| {name} | {text(said, _FACT)} |" for name, said in facts(alert))
    links = " · ".join(link(text(one.text, _TITLE), one.url) for one in alert.links)
    parts = [
        f"<!-- ratchet:v1:alert {alert.fingerprint} -->",
        f"**{text(headline(alert), _FACT)}**",
        f"| | |\n|---|---|\n{rows}",
        *([links] if links else []),
        "Ratchet keeps this issue: it is brought up to date while the alert lasts, and closed when it is over.",
    ]
    title = shorten(f"Alert ({alert.severity}): {alert.model}: {clean(alert.rule)}", _TITLE)
    return Draft(title=title, body="\n\n".join(parts) + "\n", label=label)
