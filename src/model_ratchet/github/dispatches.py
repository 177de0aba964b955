"""Dispatches: a workflow that is started by name."""

from collections.abc import Mapping

from model_ratchet.github.client import Hub, asking


def dispatch(hub: Hub, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
    """Start the workflow in the file ``workflow`` of a branch. It may have been started where no answer came.

    Raises:
        ForgeError: GitHub did not say that it is started.
    """
    with asking(f"start {workflow}", needs="`actions: write`"):
        hub.repository.get_workflow(workflow).create_dispatch(ref, dict(inputs), throw=True)
