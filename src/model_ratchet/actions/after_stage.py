"""after_stage: what GitHub and the routers are told of the stages in the ledger.

Each is brought to what the ledger says, so that what could not be told by one run is told by the next.
"""

from collections.abc import Iterator

from model_ratchet.actions.on_event import Run
from model_ratchet.actions.render import RenderInput, publish_traffic
from model_ratchet.core.errors import RatchetError, UsageError
from model_ratchet.engine.lines import Head
from model_ratchet.engine.rollouts import Rollout, rollouts
from model_ratchet.engine.story import stories
from model_ratchet.git_write import Writer
from model_ratchet.github.anchors import ENTRY
from model_ratchet.github.deployments import Deployed, deploy
from model_ratchet.github.pulls import read_pull
from model_ratchet.ledger import fetch_ledger


def tell_deployments(run: Run, number: int | None = None) -> Iterator[str]:
    """Show each start of a stage (of one pull request) as a deployment; gives back what could not be told."""
    heads: dict[int, str] = {}
    try:
        ledger = fetch_ledger(Writer(run.repo, run.headers))
        told, head = stories(ledger.events()), ledger.head()
    except RatchetError as error:
        yield f"deployments: {error}"
        return
    for story in told.values():
        for rollout in rollouts(story, run.now):
            if number not in (None, rollout.pull):
                continue
            try:
                commit = None if rollout.over else _head(run, rollout.pull, heads)
                deploy(run.hub, _deployed(rollout, head, run.job.url), commit)
            except RatchetError as error:
                yield f"deployment {rollout.model}/{rollout.stage}: {error}"


def _head(run: Run, number: int, heads: dict[int, str]) -> str:
    if number not in heads:
        heads[number] = read_pull(run.hub, number).head
    return heads[number]


def _deployed(rollout: Rollout, head: Head, url: str) -> Deployed:
    return Deployed(
        environment=f"{rollout.model}/{rollout.stage}",
        payload={
            "candidate": rollout.candidate,
            "pull": str(rollout.pull),
            "attempt": str(rollout.attempt),
            "started": rollout.started_at.isoformat(),
        },
        state=rollout.progress.value,
        description=f"{rollout.candidate}: {rollout.why}",
        url=url,
        beside={ENTRY: str(head)},
    )


def tell_routers(run: Run, base: str) -> tuple[str, ...]:
    """Render what routers are given and publish it; what could not be is given back."""
    try:
        rendered, _ = publish_traffic(RenderInput(repo=run.repo), run.now, Writer(run.repo, run.headers), branch=base)
    except UsageError:  # no model is routed
        return ()
    except RatchetError as error:
        return (f"traffic: {error}",)
    return (
        *(f"traffic of {one.model}: {one.trouble}" for one in rendered.unclear),
        *(f"traffic: {one}" for one in rendered.findings),
    )
