"""Anything: services that Apprise knows, by a URL of its own. It does its own HTTP, so that ``origins`` can't bind it."""

import logging
from collections.abc import Callable
from datetime import datetime

from model_ratchet.core.alert import Alert, State
from model_ratchet.core.errors import NotifyError
from model_ratchet.report.alert import facts, headline
from model_ratchet.report.escape import inert

_TITLE = 200
_FACT = 500


class AppriseNotifier:
    """One URL of Apprise."""

    repeats = False

    def __init__(self, name: str, url: Callable[[], str]) -> None:
        self.name = name
        self._url = url

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:  # noqa: ARG002
        """Send one message."""
        url = self._url()
        try:
            import apprise
        except ImportError:
            raise NotifyError("the extra `apprise` is not installed") from None
        logging.getLogger("apprise").disabled = True  # (it logs addresses, which hold secrets)
        service = apprise.Apprise()
        if not service.add(url):
            raise NotifyError("its secret is no URL that Apprise knows")
        lines = "\n".join(f"{label}: {inert(said, _FACT)}" for label, said in facts(alert))
        links = "\n".join(one.url for one in alert.links)
        sent = service.notify(
            title=inert(headline(alert), _TITLE),
            body="\n".join(part for part in (lines, links) if part),
            notify_type=apprise.NotifyType(_KINDS[alert.state]),
            body_format=apprise.NotifyFormat.TEXT,
        )
        if not sent:
            raise NotifyError("Apprise could not send it", again=True)

    def close(self) -> None:
        """Nothing is kept open."""


_KINDS = {State.FIRING: "failure", State.RESOLVED: "success", State.ERRORED: "warning"}
