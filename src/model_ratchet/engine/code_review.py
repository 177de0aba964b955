"""Code review: what the reviews of the pull requests amount to from which the model's source commit came. Pure."""

from collections.abc import Iterable, Iterator

from model_ratchet.core.evidence import CodeReviews, Heard, ReviewedPull
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Contributors, Review, Said, SourcePull, Standing, contributors, last_words


def code_reviews(pulls: Iterable[SourcePull], commit: str) -> CodeReviews:
    """What each review stands for, pull request by pull request.

    An approval counts where what it approves is what the commit holds: the commit itself, or the head of the pull request
    that was merged as it. Requested changes count where the pull request is about the commit, whatever they were said of.
    """
    return CodeReviews(pulls=tuple(_pull(pull, commit) for pull in sorted(pulls, key=lambda one: one.told.pull)))


def _pull(pull: SourcePull, commit: str) -> ReviewedPull:
    told = pull.told
    hands = contributors(told.opened_by, told.commits, told.pushers)
    return ReviewedPull(
        number=told.pull,
        head=told.head,
        heard=tuple(_heard(pull, commit, hands)),
        strangers=hands.strangers,
    )


def _heard(pull: SourcePull, commit: str, hands: Contributors) -> Iterator[Heard]:
    last = last_words(pull.told.reviews)
    for review in pull.told.reviews:
        if review.by is not None and last[review.by.id] is not review:
            yield Heard.of(review, Standing.SUPERSEDED)
        else:
            yield Heard.of(review, *_standing(pull, commit, hands, review))


def _standing(pull: SourcePull, commit: str, hands: Contributors, review: Review) -> tuple[Standing, Reason | None]:
    """What a last word stands for."""
    account = review.by
    if account is None or not account.person:
        return Standing.NO_PERSON, None
    if review.said is Said.DISMISSED:
        return Standing.DISMISSED, None
    if review.said is Said.APPROVED and hands.hold(account):
        return Standing.CONTRIBUTOR, None
    if not _fits(pull, commit, review):
        return Standing.OUTDATED, because(
            Why.CONTENT_CHANGED, what=f"what {account.login} reviewed, {review.commit[:12]},"
        )
    writes = pull.writers.get(account.id)
    if writes is None:
        writes = because(Why.FORGE_UNREADABLE, what=f"whether {account.login} may write there", status="not asked")
    if isinstance(writes, Reason):
        return Standing.UNVERIFIED, writes
    if not writes:
        return Standing.OUTSIDER, None
    return (Standing.COUNTS if review.said is Said.APPROVED else Standing.OBJECTS), None


def _fits(pull: SourcePull, commit: str, review: Review) -> bool:
    """Whether a review is of what the commit holds."""
    if review.said is Said.CHANGES_REQUESTED:
        return pull.is_about(commit)
    return review.commit == commit or (pull.merged_as == commit and review.commit == pull.told.head)
