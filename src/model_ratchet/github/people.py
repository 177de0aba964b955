"""People: what somebody may do here, and who we are ourselves."""

from model_ratchet.core.errors import AbsentError
from model_ratchet.github.client import Hub


def may_write(hub: Hub, login: str) -> bool:
    """Whether somebody has the right to write, asked of GitHub: what a payload says of them is not taken for it.

    Raises:
        ForgeError: it can't be asked.
    """
    what = "read the rights of who asked for it"
    try:
        # GitHub answers for `maintain` with `write`, and for `triage` with `read`
        return hub.read(what, lambda: hub.repository.get_collaborator_permission(login)) in ("write", "admin")
    except AbsentError:
        return False


def own_id(hub: Hub) -> int | None:
    """The number of the account that writes with this token: the bot of its App. None where there is no such bot.

    Raises:
        ForgeError: it can't be asked.
    """
    try:
        return hub.read("read our own account", lambda: hub.api.get_user(f"{hub.app}[bot]").id)
    except AbsentError:
        return None
