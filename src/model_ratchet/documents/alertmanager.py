"""Alertmanager: what its webhook says (version 4), as far as it is read. Others wrote it: what else is there is passed over."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

MOST_ALERTS = 100
_Text = Annotated[str, Field(max_length=2000)]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ToldAlert(_Told):
    """One alert of a group."""

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[_Text, _Text], Field(max_length=64)]
    since: AwareDatetime = Field(alias="startsAt")
    """When it began to fire; the same as long as it does."""


class Notification(_Told):
    """One group of alerts."""

    version: Literal["4"]
    alerts: Annotated[tuple[ToldAlert, ...], Field(max_length=MOST_ALERTS)]
    left_out: Annotated[int, Field(alias="truncatedAlerts", ge=0)] = 0
    """Alerts of the group that are not in it, because ``max_alerts`` is set."""


def read_notification(body: bytes) -> Notification | None:
    """What a body says; None where it is no JSON, nested too deep (200), of another version, or holds too many alerts."""
    try:
        return Notification.model_validate_json(body)
    except ValidationError:
        return None
