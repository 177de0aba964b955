"""Reasons: why an outcome is what it is, as a code with parameters. Sentences are made of them in ``report.reasons``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool

_EXACT = 2**53


class Why(StrEnum):
    """Every reason that Ratchet gives. The parameters of each stand beside it."""

    # the answer is there
    HOLDS = "holds"  # value?, limit?; or share, of, limit
    BETTER = "better"  # by
    NOT_WORSE = "not_worse"  # margin, segment?: the lowest of several
    WITHIN_LIMIT = "within_limit"  # limit
    CALIBRATED = "calibrated"  # detects
    APPROVED = "approved"  # role, by

    # shown to break the policy
    WORSE = "worse"  # by
    NOT_ENOUGH_BETTER = "not_enough_better"  # by: the upper bound is below the minimum improvement
    MARGIN_BROKEN = "margin_broken"  # margin
    LIMIT_BROKEN = "limit_broken"  # limit
    EARLY_HARM = "early_harm"  # level, hour: an always-valid bound showed harm before the window's end
    SILENT = "silent"  # version, sent: the router sent it requests, others report, and it reports nothing
    MISCALIBRATED = "miscalibrated"  # p_value, alpha
    WORSE_CALIBRATED = "worse_calibrated"  # margin
    DAY_WORSE = "day_worse"  # day, margin
    WINDOW_WORSE = "window_worse"  # window, margin
    SEGMENT_WORSE = "segment_worse"  # segment, value, margin
    SUITE_FAILED = "suite_failed"  # failed, passed, first
    SUITE_SKIPPED = "suite_skipped"  # skipped
    SHARE_NOT_CARRIED = "share_not_carried"  # carried, least
    INCOMPATIBLE = "incompatible"  # what, stated, allowed
    NOT_STATED = "not_stated"  # what
    STATED_OTHERWISE = "stated_otherwise"  # what, stated, tracked, others: how many more differ
    DOCUMENT_ABSENT = "document_absent"  # document
    SECTION_ABSENT = "section_absent"  # document, section
    SECTION_EMPTY = "section_empty"  # document, section
    DRILL_OLD = "drill_old"  # performed_at, within
    DRILL_FAILED = "drill_failed"  # result
    OBJECTED = "objected"  # by
    ARTIFACT_DIFFERS = "artifact_differs"  # key, committed, computed, others: how many more differ
    WEIGHT_TURNED = "weight_turned"  # segment, before, after, limit
    ROLLED_BACK_BEFORE = "rolled_back_before"  # version, at, root_cause
    CHECK_FAILED = "check_failed"  # check, state, by
    SCAN_FOUND = "scan_found"  # found, limit, tools, first

    UNDO_ENDED = "undo_ended"  # since
    BASELINE_MOVED = "baseline_moved"  # baseline, active
    POLICY_REVOKED = "policy_revoked"  # policy, since, because, replaced_by?
    NOT_SEALED = "not_sealed"  # model, candidate: no verdict was handed in
    SEALED_OTHERWISE = "sealed_otherwise"  # path: its content is not that of the verdict
    NOT_PASSED = "not_passed"  # outcome: of the sealed verdict
    CHAIN_UNCLEAR = "chain_unclear"  # trouble

    # not yet
    STAGE_NOT_STARTED = "stage_not_started"  # stage, more_rows?
    STAGE_RUNNING = "stage_running"  # stage, until, more_rows?: rows that are still missing
    LABELS_MATURING = "labels_maturing"  # stage, until, more_rows?
    ARTIFACTS_ABSENT = "artifacts_absent"  # artifacts, stage
    AWAITING_APPROVAL = "awaiting_approval"  # role, at_least
    EARLY_APPROVAL = "early_approval"  # role, by, stage
    OUTDATED_APPROVAL = "outdated_approval"  # role, by, what: changed since
    CHECK_RUNNING = "check_running"  # check, state, by
    AWAITING_CODE_REVIEW = "awaiting_code_review"  # pulls, at_least
    REPEAT_LAST_STAGE = "repeat_last_stage"  # stage, since
    WAIVER_EXPIRED = "waiver_expired"  # waiver, criterion, since
    RULES_CHANGED = "rules_changed"  # path, where: not what the verdict was made by

    # the data do not decide
    INTERVAL_ACROSS = "interval_across"  # limit, more_rows (0: more data will not help)
    NOT_SIGNIFICANT = "not_significant"  # p_value, alpha, more_rows
    TOO_FEW_ROWS = "too_few_rows"  # rows, least
    TOO_FEW_CLUSTERS = "too_few_clusters"  # clusters, least
    NO_DISCORDANT_PAIR = "no_discordant_pair"  # pairs
    IDENTICAL = "identical"  # rows: all right, or all wrong, in both arms
    CHANCE_HIDES = (
        "chance_hides"  # critical, detects, more_rows: what chance alone gives is above what was to be detected
    )
    ONE_CLASS = "one_class"  # rows: every event came, or none
    SEGMENTS_TOO_SMALL = "segments_too_small"  # assessable, segments, least
    DAYS_INCOMPLETE = "days_incomplete"  # days, complete
    WEIGHTS_ABSENT = "weights_absent"  # the parent has weights, and the candidate none
    CHECK_ABSENT = "check_absent"  # check, commit, app?
    CHECK_SHOWS_NOTHING = "check_shows_nothing"  # check, state, by
    CODE_WITHOUT_PULL = "code_without_pull"  # commit, repository
    SCAN_OLD = "scan_old"  # ended_at, within
    SCAN_UNDECIDED = "scan_undecided"  # results

    # we could not look; what is wrong with a column of a table names its file too: file? (the path in the sources file)
    NOT_ASKED = "not_asked"
    NO_ROWS = "no_rows"  # metric, arm
    SOURCE_UNREACHABLE = "source_unreachable"  # source, status, file?
    SOURCE_TIMED_OUT = "source_timed_out"  # source, seconds
    SOURCE_ABSENT = "source_absent"  # source, file
    SOURCE_UNAUTHORISED = "source_unauthorised"  # source, status, file?
    VARIABLE_ABSENT = "variable_absent"  # source, variable
    ORIGIN_REFUSED = "origin_refused"  # source, origin
    ANSWER_TOO_LARGE = "answer_too_large"  # source, most, file?
    ANSWER_PARTIAL = "answer_partial"  # source, warnings
    QUERY_REFUSED = "query_refused"  # source, metric, error: the server's word for the kind of error
    SERIES_ABSENT = "series_absent"  # source, metric
    SERIES_MANY = "series_many"  # source, metric, series
    SERIES_GAP = "series_gap"  # source, metric, hours, of
    HISTOGRAM_NATIVE = "histogram_native"  # source, metric
    HISTOGRAM_COARSE = "histogram_coarse"  # source, metric
    COUNTER_BROKEN = "counter_broken"  # source, metric, what
    RETENTION_SHORT = "retention_short"  # source, keeps, since
    REPORT_TOO_LARGE = "report_too_large"  # source, file, most
    REPORT_NOT_XML = "report_not_xml"  # source, file, line, column
    REPORT_DOCTYPE = "report_doctype"  # source, file
    REPORT_ENCODING = "report_encoding"  # source, file, encoding
    REPORT_TOO_DEEP = "report_too_deep"  # source, file, most
    REPORT_ATTRIBUTE = "report_attribute"  # source, file, attribute, characters
    REPORT_NOT_JUNIT = "report_not_junit"  # source, file, what
    REPORT_COUNTS = "report_counts"  # source, file, suite, attribute, stated, found
    REPORT_CRASHED = "report_crashed"  # source, file, suite
    REPORT_EMPTY = "report_empty"  # source, file
    REPORT_CASE_TWICE = "report_case_twice"  # source, file, case
    REPORT_VERSION_ABSENT = "report_version_absent"  # source, file, property
    REPORT_OTHER_VERSION = "report_other_version"  # source, file, version
    REPORT_NOT_JSON = "report_not_json"  # source, file, line, column
    REPORT_NOT_SARIF = "report_not_sarif"  # source, file, what
    REPORT_NO_RUN = "report_no_run"  # source, file
    REPORT_IN_FUTURE = "report_in_future"  # source, file, ended_at
    SCAN_BROKEN_OFF = "scan_broken_off"  # tools
    SCAN_END_UNKNOWN = "scan_end_unknown"  # tools
    SCAN_UNDATED = "scan_undated"  # tools
    SCAN_OTHER_TOOL = "scan_other_tool"  # tools, asked
    SCAN_OTHER_COMMIT = "scan_other_commit"  # commit, stated
    LITERAL_ABSENT = "literal_absent"  # source, metric, stage, of
    LITERAL_LIMIT = "literal_limit"  # source, metric, limit, stated
    LITERAL_TOTALS = "literal_totals"  # source, metric, what
    COLUMN_ABSENT = "column_absent"  # source, column
    COLUMN_MISTYPED = "column_mistyped"  # source, column, type
    FILE_TRUNCATED = "file_truncated"  # source, file
    FILE_OF_CHANGE = "file_of_change"  # source, file: the change that is judged brings it itself
    FILE_CHANGED = "file_changed"  # source, file: between two reads of one check
    LISTING_BROKEN = "listing_broken"  # source, what, file: the folder or glob
    EXTRA_ABSENT = "extra_absent"  # source, extra
    TIME_NAIVE = "time_naive"  # source, column
    ARM_NULL = "arm_null"  # source, column, rows
    ARM_UNKNOWN = "arm_unknown"  # source, column, version: “(no version)” for any other word, rows
    EXPOSURE_UNKNOWN = "exposure_unknown"  # source, column, rows
    ID_IN_TWO_ARMS = "id_in_two_arms"  # source, column, rows
    LABEL_UNKNOWN = "label_unknown"  # source, column
    NO_CLOSING = "no_closing"  # rows: bets, and none of an arm with its closing odds
    OUT_OF_RANGE = "out_of_range"  # source, column, rows, within
    NOT_A_NUMBER = "not_a_number"  # source, column, share
    DUPLICATES = "duplicates"  # source, column, share
    LOW_COVERAGE = "low_coverage"  # arm, coverage, least
    COVERAGE_DIFFERS = "coverage_differs"  # p_value, baseline, candidate
    LOW_PAIR_RATE = "low_pair_rate"  # rate, least
    SAMPLE_RATIO = "sample_ratio"  # p_value, expected, observed
    GAP = "gap"  # hours, since, most
    STALE = "stale"  # newest, most
    DIGEST_ABSENT = "digest_absent"  # arm
    DIGEST_DIFFERS = "digest_differs"  # arm, reported
    REGISTRY_ABSENT = "registry_absent"  # source, name, tag, version: no registered version carries it
    REGISTRY_MANY = "registry_many"  # source, name, tag, version, numbers
    REGISTRY_UNREADY = "registry_unready"  # source, name, number, status
    REGISTERED_DIGEST_ABSENT = "registered_digest_absent"  # arm, number
    REGISTERED_DIGEST_DIFFERS = "registered_digest_differs"  # arm, number, registered
    ALIAS_ABSENT = "alias_absent"  # source, name, alias
    ALIAS_MOVED = "alias_moved"  # alias, points, active
    RUN_ABSENT = "run_absent"  # source, name, number
    CRASHED = "crashed"  # what
    HISTORY_ABSENT = "history_absent"  # what
    CANNOT_VERIFY = "cannot_verify"  # what
    FORGE_ABSENT = "forge_absent"  # what
    FORGE_UNREADABLE = "forge_unreadable"  # what, status
    TEAM_UNREADABLE = "team_unreadable"  # team, status
    REVIEWED_COMMIT_GONE = "reviewed_commit_gone"  # commit
    CONTENT_CHANGED = "content_changed"  # what
    HEAD_MOVED = "head_moved"  # judged, head

    # shown and not counted
    NOT_APPLICABLE = "not_applicable"  # because
    FIRST_VERSION = "first_version"

    # warnings: shown beside an outcome
    LOOKS_CLUSTERED = "looks_clustered"  # by, design_effect, p_value
    SIMPSON = "simpson"  # segment, pooled, stratified
    COIN_FLIP = "coin_flip"  # by: the literal rule at the margin
    LINE_DISAGREES = "line_disagrees"  # gained, line: the return is above 0, and the closing line below
    EXCLUDED_ROWS = "excluded_rows"  # rows, because
    ARTIFACT_WARNING = "artifact_warning"  # what
    WEIGHTS_FIRST = "weights_first"  # the parent has no weights to hold the new ones against
    OTHER_VERSIONS = "other_versions"  # rows, versions
    DUPLICATES_DROPPED = "duplicates_dropped"  # rows
    NOT_ASSESSABLE = "not_assessable"  # segment, values
    AUTHOR_SUPPLIED = "author_supplied"  # what, source?: the literal source that a metric or suite is bound to
    ATTEMPT = "attempt"  # number
    DRIFT_UNKNOWN = "drift_unknown"  # metric, golden
    UNDOES = "undoes"  # version, at, until: a rollback, by the approvals alone
    OTHERS_TRIED = "others_tried"  # attempts, baseline
    STARTS_AGAIN = "starts_again"  # what
    EXTENDED = "extended"  # times
    TO_BE_REVOKED = "to_be_revoked"  # policy, since, because, replaced_by?
    NOT_SHOWN_BETTER = "not_shown_better"  # policy
    OWES_EVALUATION = "owes_evaluation"  # policy, within: what the version owes after the merge
    LIMIT_WITHIN_BUCKET = (
        "limit_within_bucket"  # limit, rows: a histogram's bucket holds the limit, and they may be on either side
    )
    BOUND_ABSENT = "bound_absent"
    REFERENCE_NOT_CONCURRENT = "reference_not_concurrent"
    WAIVER_OF_CHANGE = "waiver_of_change"  # waiver, criterion: the change that is judged brings it
    WAIVER_NOT_YET = "waiver_not_yet"  # waiver, criterion, since
    WAIVER_OUTCOME = "waiver_outcome"  # waiver, outcome, outcomes: what it covers
    WAIVER_EXCEEDED = "waiver_exceeded"  # waiver, up_to
    WAIVER_UNMEASURED = "waiver_unmeasured"  # waiver, up_to
    WAIVER_WAITS = "waiver_waits"  # waiver, outcome: covered, and the stage is still open
    WAIVER_UNUSED = "waiver_unused"  # waiver, until
    APPROVAL_NOT_COUNTED = "approval_not_counted"  # by, standing: the word of core.reviews.Standing
    UNKNOWN_CONTRIBUTOR = "unknown_contributor"  # commits
    SUPPRESSED_FINDINGS = "suppressed_findings"  # found


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code with its parameters: numbers beyond ±2⁵³ are floats, as which JSON gives them back."""

    why: Why
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        large = {name: float(one) for name, one in self.parameters.items() if type(one) is int and abs(one) > _EXACT}
        if large:
            object.__setattr__(self, "parameters", {**self.parameters, **large})


def because(why: Why, **parameters: Value) -> Reason:
    """A reason with its parameters: ``because(Why.TOO_FEW_ROWS, rows=12, least=200)``."""
    return Reason(why, parameters)
