"""Reasons as sentences: one for every code, with its parameters. What happened, with which value, and the next step."""

from collections.abc import Callable, Mapping
from typing import Any

from model_ratchet.core.reason import Reason, Why
from model_ratchet.report.numbers import instant_text, p_value, percent, plain, points, whole

_Parameters = Mapping[str, Any]


def sentence(reason: Reason) -> str:
    """The sentence of a reason, without a full stop at its end."""
    try:
        return _SENTENCES[reason.why](reason.parameters)
    except (KeyError, TypeError, ValueError):
        given = ", ".join(f"{name} {value}" for name, value in reason.parameters.items())
        return f"{str(reason.why).replace('_', ' ')}{f' ({given})' if given else ''}"


def _more(p: _Parameters) -> str:
    rows = int(p.get("more_rows") or 0)
    return f"; about {whole(rows)} more rows would decide" if rows else "; more rows alone would not decide"


def _missing(p: _Parameters) -> str:
    rows = int(p.get("more_rows") or 0)
    return f"; {whole(rows)} more rows are needed" if rows else ""


def _amount(value: object) -> str:
    if isinstance(value, float):
        return plain(value)
    return whole(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _holds(p: _Parameters) -> str:
    value, limit = p.get("value"), p.get("limit")
    if "share" in p:
        return f"{percent(p['share'])} of {p['of']} (asked: {percent(limit) if isinstance(limit, float) else limit})"
    shown = _amount(value) if value is not None else "holds"
    return f"{shown} (asked: {_amount(limit)})" if limit is not None else shown


def _stranger(p: Mapping[str, Any]) -> str:
    return "what is no version" if p["version"] == "(no version)" else f"the unknown version {p['version']}"


def _table(p: _Parameters) -> str:
    """A source, with the file or pattern that it reads."""
    return f"{p['source']} ({p['file']})" if p.get("file") else str(p["source"])


def _by(p: _Parameters) -> str:
    by = p["by"]
    return by if isinstance(by, str) else points(by)


def _revoked(verb: str, p: _Parameters) -> str:
    successor = f"; {p['replaced_by']} takes its place" if "replaced_by" in p else "; name another policy"
    return f"the policy {p['policy']} {verb} revoked from {instant_text(p['since'])} on ({p['because']}){successor}"


def _named(first: str) -> str:
    return f": {first}" if first else ""


def _segment_worse(p: _Parameters) -> str:
    others = int(p.get("segments") or 1) - 1
    more = f" (and in {others} more segment{'s' * (others != 1)})" if others else ""
    return f"worse by more than {p['margin']} where {p['segment']}{more}"


def _stated_otherwise(p: _Parameters) -> str:
    held = f"holds {p['tracked']}" if p["tracked"] else "does not hold it"
    return f"the request states {p['what']} {p['stated']}, and the registry {held}{_and_others(p)}"


def _part(value: object) -> str:
    return percent(value) if isinstance(value, float) else str(value)


def _and_others(p: _Parameters) -> str:
    others = int(p.get("others") or 0)
    return f" (and {others} more)" if others else ""


def _of_file(p: _Parameters) -> str:
    return f" for {p['file']}" if "file" in p else ""


def _check(p: _Parameters) -> str:
    """A check, with who says so where that is known."""
    return f"the check {p['check']}" + (f" of {p['by']}" if p.get("by") else "")


def _plural(count: int, one: str) -> str:
    return f"{whole(count)} {one}{'s' * (count != 1)}"


_UNCOUNTED = {
    "contributor": "they had a hand in what is proposed",
    "no_person": "it is no person's",
    "elsewhere": "they fill another role, and one person fills one",
}

_SENTENCES: Mapping[Why, Callable[[_Parameters], str]] = {
    Why.HOLDS: _holds,
    Why.BETTER: lambda p: f"better by at least {_by(p)}",
    Why.NOT_WORSE: lambda p: (
        f"not worse by {p['margin']} or more" + (f"; the lowest is {p['segment']}" if p.get("segment") else "")
    ),
    Why.WITHIN_LIMIT: lambda p: f"within {p['limit']}",
    Why.CALIBRATED: lambda p: f"no error beyond what chance gives, and {p['detects']} would have been seen",
    Why.APPROVED: lambda p: f"approved for {p['role']} by {p['by']}",
    Why.WORSE: lambda p: f"worse than the baseline (asked: better by {_by(p)})",
    Why.NOT_ENOUGH_BETTER: lambda p: f"shown to be less than {_by(p)} better",
    Why.MARGIN_BROKEN: lambda p: f"worse by more than {p['margin']}",
    Why.LIMIT_BROKEN: lambda p: f"beyond the limit of {p['limit']}",
    Why.SILENT: lambda p: (
        f"{p['version']} reports nothing, and was sent {whole(p['sent'])} requests that others report"
    ),
    Why.EARLY_HARM: lambda p: (
        f"harm shown early, in hour {int(p['hour']) + 1} of {p.get('stage', 'the stage')}, "
        f"by a bound that holds at any time ({percent(p['level'])} error)"
    ),
    Why.MISCALIBRATED: lambda p: (
        f"the forecasts are not calibrated: chance alone gives this with {p_value(p['p_value'])}; recalibrate them first"
    ),
    Why.WORSE_CALIBRATED: lambda p: f"shown to be worse calibrated, and not shown to be so by at most {p['margin']}",
    Why.DAY_WORSE: lambda p: f"worse by more than {p['margin']} on {p['day']}",
    Why.WINDOW_WORSE: lambda p: f"worse by more than {p['margin']} in the window {p['window']}",
    Why.SEGMENT_WORSE: _segment_worse,
    Why.SUITE_FAILED: lambda p: f"{whole(p['failed'])} cases failed, {whole(p['passed'])} passed{_named(p['first'])}",
    Why.SUITE_SKIPPED: lambda p: f"{whole(p['skipped'])} cases were skipped: run them all",
    Why.SHARE_NOT_CARRIED: lambda p: (
        f"carried {plain(p['carried'])} of its traffic share, at least {plain(p['least'])} asked"
    ),
    Why.INCOMPATIBLE: lambda p: f"{p['what']} is {p['stated']}, and {p['allowed']} is asked",
    Why.NOT_STATED: lambda p: f"the request does not state {p['what']}",
    Why.STATED_OTHERWISE: _stated_otherwise,
    Why.DOCUMENT_ABSENT: lambda p: f"the document {p['document']} is not there",
    Why.SECTION_ABSENT: lambda p: f"{p['document']} has no section “{p['section']}”",
    Why.SECTION_EMPTY: lambda p: f"the section “{p['section']}” of {p['document']} is not filled in",
    Why.DRILL_OLD: lambda p: f"the drill of {instant_text(p['performed_at'])} is older than {p['within']}: repeat it",
    Why.DRILL_FAILED: lambda p: f"the drill ended as {p['result']}",
    Why.ARTIFACT_DIFFERS: lambda p: (
        f"{p['key']} is {p['committed']}, and the evidence gives {p['computed']}" + _and_others(p)
    ),
    Why.WEIGHT_TURNED: lambda p: (
        f"the weight of {p['segment']} goes from {_part(p['before'])} to {_part(p['after'])} (asked: at most {p['limit']})"
    ),
    Why.OBJECTED: lambda p: f"changes are requested by {p['by']}",
    Why.ROLLED_BACK_BEFORE: lambda p: (
        f"{p['version']} was rolled back on {instant_text(str(p['at']))}; root cause: {p['root_cause']}"
    ),
    Why.CHECK_FAILED: lambda p: f"{_check(p)} ended as {p['state']}",
    Why.SCAN_FOUND: lambda p: f"{_plural(p['found'], 'finding')} {p['limit']} by {p['tools']}{_named(p['first'])}",
    Why.STAGE_NOT_STARTED: lambda p: f"{p['stage']} has not started{_missing(p)}",
    Why.STAGE_RUNNING: lambda p: f"{p['stage']} is running; decidable at {instant_text(p['until'])}{_missing(p)}",
    Why.LABELS_MATURING: lambda p: (
        f"{p['stage']} has ended, labels still arrive; decidable at {instant_text(p['until'])}{_missing(p)}"
    ),
    Why.ARTIFACTS_ABSENT: lambda p: (
        f"{p['artifacts']} of {p['stage']} are not there yet: run `ratchet integrate`, and commit what it writes"
    ),
    Why.AWAITING_APPROVAL: lambda p: f"awaiting {_plural(p['at_least'], 'approval')} for {p['role']}",
    Why.EARLY_APPROVAL: lambda p: (
        f"approved for {p['role']} by {p['by']} before {p['stage']} was decided: approve again"
    ),
    Why.OUTDATED_APPROVAL: lambda p: f"approved for {p['role']} by {p['by']} before {p['what']} changed: approve again",
    Why.CHECK_RUNNING: lambda p: f"{_check(p)} is still {str(p['state']).replace('_', ' ')}",
    Why.AWAITING_CODE_REVIEW: lambda p: (
        f"awaiting {_plural(p['at_least'], 'approval')} of exactly this commit in {p['pulls']} by somebody who may write there "
        "and had no hand in it"
    ),
    Why.REPEAT_LAST_STAGE: lambda p: (
        f"the merge window closed at {instant_text(p['since'])}: repeat {p['stage']} before merging"
    ),
    Why.INTERVAL_ACROSS: lambda p: f"the interval lies across {p['limit']}{_more(p)}",
    Why.NOT_SIGNIFICANT: lambda p: (
        f"no significant difference ({p_value(p['p_value'])} > {plain(p['alpha'])}){_more(p)}"
    ),
    Why.TOO_FEW_ROWS: lambda p: f"{whole(p['rows'])} rows, and at least {whole(p['least'])} are needed",
    Why.TOO_FEW_CLUSTERS: lambda p: f"{whole(p['clusters'])} clusters, and at least {whole(p['least'])} are needed",
    Why.NO_DISCORDANT_PAIR: lambda p: f"both versions agree on all {whole(p['pairs'])} pairs: nothing tells them apart",
    Why.IDENTICAL: lambda p: f"all {whole(p['rows'])} rows are alike in both arms: nothing tells them apart",
    Why.SEGMENTS_TOO_SMALL: lambda p: (
        f"segments with at least {whole(p['least'])} rows hold {percent(p['assessable'])} of the rows: too little is assessed"
    ),
    Why.DAYS_INCOMPLETE: lambda p: f"{p['complete']} complete days, and {p['days']} are asked",
    Why.WEIGHTS_ABSENT: lambda _: "the version before has weights, and the returns of this one give none",
    Why.CHECK_ABSENT: lambda p: (
        f"nothing reports a check {p['check']} on {p['commit']}" + (f" for the app {p['app']}" if "app" in p else "")
    ),
    Why.CHECK_SHOWS_NOTHING: lambda p: f"{_check(p)} ended as {p['state']}, which shows nothing",
    Why.CODE_WITHOUT_PULL: lambda p: (
        f"no pull request of {p['repository']} brought {p['commit']}, so that nobody reviewed it"
    ),
    Why.SCAN_OLD: lambda p: f"the scan of {instant_text(p['ended_at'])} is older than {p['within']}",
    Why.SCAN_UNDECIDED: lambda p: (
        f"{_plural(p['results'], 'result')} of the scan decide nothing: somebody has to look at them"
    ),
    Why.NOT_ASKED: lambda _: "no source was asked for this",
    Why.NO_ROWS: lambda p: f"no rows of {p['metric'] or 'the log'} ({p['arm']})",
    Why.SOURCE_UNREACHABLE: lambda p: f"the source {p['source']} could not be reached{_of_file(p)} ({p['status']})",
    Why.SOURCE_TIMED_OUT: lambda p: f"the source {p['source']} gave no answer within {plain(float(p['seconds']))} s",
    Why.SOURCE_ABSENT: lambda p: f"the source {p['source']} finds nothing at {p['file']}",
    Why.SOURCE_UNAUTHORISED: lambda p: (
        f"the source {p['source']} does not let us in{_of_file(p)} ({p['status']}): check its credentials"
    ),
    Why.VARIABLE_ABSENT: lambda p: f"the source {p['source']} needs {p['variable']} in the environment",
    Why.ORIGIN_REFUSED: lambda p: (
        f"the source {p['source']} leads to {p['origin']}, which policies/sources.yaml does not allow"
    ),
    Why.ANSWER_TOO_LARGE: lambda p: f"an answer of the source {p['source']}{_of_file(p)} is larger than {p['most']}",
    Why.ANSWER_PARTIAL: lambda p: (
        f"the source {p['source']} warns that its answer is not whole ({p['warnings']} warnings)"
    ),
    Why.QUERY_REFUSED: lambda p: f"the source {p['source']} refuses the query of {p['metric']} ({p['error']})",
    Why.SERIES_ABSENT: lambda p: f"the source {p['source']} has no series for {p['metric']}",
    Why.SERIES_MANY: lambda p: (
        f"the source {p['source']} has {p['series']} series for {p['metric']} where one is asked: add them, or take the largest"
    ),
    Why.SERIES_GAP: lambda p: (
        f"the source {p['source']} has no sample of {p['metric']} in {p['hours']} of {p['of']} hours"
    ),
    Why.HISTOGRAM_NATIVE: lambda p: (
        f"{p['metric']} of {p['source']} is a native histogram: select the classic series that end in _bucket"
    ),
    Why.HISTOGRAM_COARSE: lambda p: (
        f"{p['metric']} of {p['source']} is a histogram of fixed buckets, too coarse for this: bind a column of rows"
    ),
    Why.COUNTER_BROKEN: lambda p: f"{p['metric']} of {p['source']} is no counter of whole events: {p['what']}",
    Why.RETENTION_SHORT: lambda p: (
        f"the source {p['source']} keeps {p['keeps']}, and the window starts {p['since']}: it may have forgotten the start"
    ),
    Why.REPORT_TOO_LARGE: lambda p: f"the report {p['file']} of {p['source']} is larger than {p['most']}",
    Why.REPORT_NOT_XML: lambda p: (
        f"the report {p['file']} of {p['source']} is not XML (line {p['line']}, column {p['column']})"
    ),
    Why.REPORT_DOCTYPE: lambda p: (
        f"the report {p['file']} of {p['source']} declares a document type, in which entities hide: write it without"
    ),
    Why.REPORT_ENCODING: lambda p: (
        f"the report {p['file']} of {p['source']} is encoded as {p['encoding']}, which is not read: write UTF-8"
    ),
    Why.REPORT_TOO_DEEP: lambda p: f"the report {p['file']} of {p['source']} is more than {p['most']} elements deep",
    Why.REPORT_ATTRIBUTE: lambda p: (
        f"the attribute {p['attribute']} in the report {p['file']} of {p['source']} has {whole(p['characters'])} characters"
    ),
    Why.REPORT_NOT_JUNIT: lambda p: f"the report {p['file']} of {p['source']} is no JUnit report: it holds {p['what']}",
    Why.REPORT_COUNTS: lambda p: (
        f"the suite {p['suite']} in the report {p['file']} of {p['source']} says {p['attribute']}={p['stated']} and holds "
        f"{p['found']}: it may have lost cases"
    ),
    Why.REPORT_CRASHED: lambda p: (
        f"the suite {p['suite']} in the report {p['file']} of {p['source']} ended in an error of its own: not all cases ran"
    ),
    Why.REPORT_EMPTY: lambda p: f"the report {p['file']} of {p['source']} holds no case: an empty suite has not passed",
    Why.REPORT_CASE_TWICE: lambda p: (
        f"the case {p['case']} stands more than once in the reports of {p['source']} (again in {p['file']}): which counts?"
    ),
    Why.REPORT_VERSION_ABSENT: lambda p: (
        f"a suite in the report {p['file']} of {p['source']} has no property {p['property']} that names its version"
    ),
    Why.REPORT_OTHER_VERSION: lambda p: (
        f"the report {p['file']} of {p['source']} is of {p['version']}, and none is of the candidate: run its cases"
    ),
    Why.REPORT_NOT_JSON: lambda p: (
        f"the report {p['file']} of {p['source']} is not JSON (line {p['line']}, column {p['column']})"
    ),
    Why.REPORT_NOT_SARIF: lambda p: (
        f"the report {p['file']} of {p['source']} is no SARIF 2.1.0 that can be judged: it holds {p['what']}"
    ),
    Why.REPORT_NO_RUN: lambda p: f"the report {p['file']} of {p['source']} holds no run: nothing was scanned",
    Why.REPORT_IN_FUTURE: lambda p: (
        f"the report {p['file']} of {p['source']} is of {instant_text(p['ended_at'])}, which is still to come"
    ),
    Why.SCAN_BROKEN_OFF: lambda p: f"the scan of {p['tools']} did not end well: it may have missed something",
    Why.SCAN_END_UNKNOWN: lambda p: (
        f"the scan of {p['tools']} does not say whether it ended well (SARIF's `invocations`): let it say so"
    ),
    Why.SCAN_UNDATED: lambda p: (
        f"the scan of {p['tools']} does not say when it ended, with a zone: its age is not known"
    ),
    Why.SCAN_OTHER_TOOL: lambda p: f"the scan is of {p['tools']}, and {p['asked']} is asked",
    Why.SCAN_OTHER_COMMIT: lambda p: f"the scan is of the commit {p['commit']}, and the request states {p['stated']}",
    Why.LITERAL_ABSENT: lambda p: f"the request states no values of {p['metric']} ({p['of']}, {p['stage']} stage)",
    Why.LITERAL_LIMIT: lambda p: (
        f"the request counts {p['metric']} at {p['stated']}, and the policy asks at {p['limit']}: count the rows there"
    ),
    Why.LITERAL_TOTALS: lambda p: (
        f"the request states totals of {p['metric']} only, and {p['what']} are asked: bind it to a source that holds rows"
    ),
    Why.COLUMN_ABSENT: lambda p: f"the source {_table(p)} has no column {p['column']}",
    Why.COLUMN_MISTYPED: lambda p: f"the column {p['column']} of {_table(p)} holds {p['type']}",
    Why.FILE_TRUNCATED: lambda p: f"the file {p['file']} of {p['source']} can't be read to its end",
    Why.FILE_OF_CHANGE: lambda p: (
        f"the file {p['file']} of {p['source']} is part of the change that is judged: no change brings its own evidence"
    ),
    Why.FILE_CHANGED: lambda p: f"the file {p['file']} of {p['source']} changed while it was read: check again",
    Why.LISTING_BROKEN: lambda p: f"the list of files of {p['source']}{_of_file(p)} can't be trusted: {p['what']}",
    Why.EXTRA_ABSENT: lambda p: f"the source {p['source']} needs `pip install 'model-ratchet[{p['extra']}]'`",
    Why.TIME_NAIVE: lambda p: (
        f"the times in column {p['column']} of {_table(p)} have no zone: name it in the model file, `time.timezone`"
    ),
    Why.ARM_NULL: lambda p: f"{whole(p['rows'])} rows of {_table(p)} name no version in column {p['column']}",
    Why.ARM_UNKNOWN: lambda p: (
        f"{whole(p['rows'])} rows of {_table(p)} name {_stranger(p)} in column {p['column']}: "
        "list it in `rows.other_arms` if it belongs there"
    ),
    Why.EXPOSURE_UNKNOWN: lambda p: (
        f"{whole(p['rows'])} rows of {_table(p)} are neither served nor mirrored: "
        f"column {p['column']} holds neither word of `rows.exposure`"
    ),
    Why.ID_IN_TWO_ARMS: lambda p: (
        f"{whole(p['rows'])} requests of {_table(p)} stand in both arms (column {p['column']}) and no exposure is bound"
    ),
    Why.LABEL_UNKNOWN: lambda p: f"the column {p['column']} of {_table(p)} holds what is neither true nor false",
    Why.CHANCE_HIDES: lambda p: (
        f"chance alone gives errors up to {points(p['critical'])}, and {p['detects']} is to be detected{_more(p)}"
    ),
    Why.ONE_CLASS: lambda p: f"all {whole(p['rows'])} events came, or none did: there is nothing to tell apart",
    Why.NO_CLOSING: lambda p: f"none of {whole(p['rows'])} bets has its closing odds: bind them in the model file",
    Why.LINE_DISAGREES: lambda p: (
        f"the return is {percent(p['gained'])} and the closing line {percent(p['line'])}: the return may be luck"
    ),
    Why.OUT_OF_RANGE: lambda p: (
        f"{whole(p['rows'])} rows of {_table(p)} hold a number that can't be: {p['column']} take {p['within']}"
    ),
    Why.NOT_A_NUMBER: lambda p: f"{percent(p['share'])} of column {p['column']} in {_table(p)} is no number",
    Why.DUPLICATES: lambda p: f"{percent(p['share'])} of the rows of {_table(p)} repeat a {p['column']}",
    Why.LOW_COVERAGE: lambda p: (
        f"labels for {percent(p['coverage'])} of the {p['arm']}'s rows, and at least {percent(p['least'])} are needed"
    ),
    Why.COVERAGE_DIFFERS: lambda p: (
        f"labels for {percent(p['baseline'])} of the baseline's rows and {percent(p['candidate'])} of the candidate's "
        f"({p_value(p['p_value'])}): the arms can't be compared"
    ),
    Why.LOW_PAIR_RATE: lambda p: (
        f"{percent(p['rate'])} of requests are paired, and at least {percent(p['least'])} must be"
    ),
    Why.SAMPLE_RATIO: lambda p: (
        f"the candidate got {percent(p['observed'])} of the units, {percent(p['expected'])} was its share "
        f"({p_value(p['p_value'])}): the router did not split as it should"
    ),
    Why.GAP: lambda p: (
        f"no rows for {p['hours']} hour{'s' * (p['hours'] != 1)} since {instant_text(p['since'])}: "
        f"a gap must be shorter than {p['most']}"
    ),
    Why.STALE: lambda p: f"the newest row is of {instant_text(p['newest'])}: more than {p['most']} before the end",
    Why.DIGEST_ABSENT: lambda p: f"the server reported no digest with rows of the {p['arm']}",
    Why.DIGEST_DIFFERS: lambda p: f"the server of the {p['arm']} reported the digest {p['reported']}",
    Why.REGISTRY_ABSENT: lambda p: (
        f"no version of {p['name']} in {p['source']} has the tag {p['tag']} {p['version']}: tag the one that it is"
    ),
    Why.REGISTRY_MANY: lambda p: (
        f"the versions {p['numbers']} of {p['name']} in {p['source']} all have the tag {p['tag']} {p['version']}: "
        "it belongs to one"
    ),
    Why.REGISTRY_UNREADY: lambda p: (
        f"version {p['number']} of {p['name']} in {p['source']} is {p['status']}, not READY"
    ),
    Why.REGISTERED_DIGEST_ABSENT: lambda p: (
        f"the registry holds no digest of the {p['arm']} (its version {p['number']}): tag it"
    ),
    Why.REGISTERED_DIGEST_DIFFERS: lambda p: (
        f"the registry holds the digest {p['registered']} of the {p['arm']} (its version {p['number']})"
    ),
    Why.ALIAS_ABSENT: lambda p: f"{p['name']} in {p['source']} has no alias {p['alias']}: set it to the active version",
    Why.ALIAS_MOVED: lambda p: (
        f"the alias {p['alias']} points to {p['points']}, and the active version is {p['active']}: it was moved without us"
    ),
    Why.RUN_ABSENT: lambda p: f"version {p['number']} of {p['name']} in {p['source']} names no run that is there",
    Why.CRASHED: lambda p: f"could not be computed: {p['what']}",
    Why.HISTORY_ABSENT: lambda p: f"the history does not reach {p['what']}",
    Why.CANNOT_VERIFY: lambda p: f"can't be verified: {p['what']}",
    Why.FORGE_ABSENT: lambda p: f"{p['what']} can't be read without GitHub: set GITHUB_TOKEN",
    Why.FORGE_UNREADABLE: lambda p: f"GitHub does not tell {p['what']} ({p['status']})",
    Why.TEAM_UNREADABLE: lambda p: (
        f"GitHub does not say who is in {p['team']} ({p['status']}), so that nobody is known not to be: give the token "
        "`members: read`, which only an App's can have, or name people in `roles`"
    ),
    Why.REVIEWED_COMMIT_GONE: lambda p: (
        f"the commit {p['commit']} that was reviewed is gone and can't be fetched: ask for a new review"
    ),
    Why.CONTENT_CHANGED: lambda p: f"{p['what']} has changed since",
    Why.HEAD_MOVED: lambda p: (
        f"{p['judged']} is judged, and the pull request is at {p['head']}: judge its head, `--head {p['head']}`"
    ),
    Why.NOT_APPLICABLE: lambda p: f"not applicable: {p['because']}",
    Why.FIRST_VERSION: lambda _: "first version: there is no baseline to compare with",
    Why.LOOKS_CLUSTERED: lambda p: (
        f"the rows look clustered by {p['by']} (design effect {plain(p['design_effect'])}, {p_value(p['p_value'])}) and no "
        "cluster is bound: the interval is too narrow; bind `cluster` in the model file"
    ),
    Why.SIMPSON: lambda p: (
        f"pooled {points(p['pooled'])}, but {points(p['stratified'])} within {p['segment']}: the mix of the arms differs"
    ),
    Why.COIN_FLIP: lambda p: f"at a true difference of {_by(p)} this rule passes about every second time",
    Why.ARTIFACT_WARNING: lambda p: f"of the artefacts: {p['what']}",
    Why.WEIGHTS_FIRST: lambda _: "the version before has no weights to hold the new ones against",
    Why.EXCLUDED_ROWS: lambda p: f"{whole(p['rows'])} rows excluded ({p['because']})",
    Why.OTHER_VERSIONS: lambda p: f"{whole(p['rows'])} rows of other versions left out ({p['versions']})",
    Why.DUPLICATES_DROPPED: lambda p: f"{whole(p['rows'])} repeated rows dropped",
    Why.NOT_ASSESSABLE: lambda p: f"too small to assess in {p['segment']}: {p['values']}",
    Why.AUTHOR_SUPPLIED: lambda p: (
        f"{p['what']} is author-supplied: "
        + (
            "stated in the request, measured by no source"
            if "source" in p
            else "a back-test, no evidence of a controlled run"
        )
    ),
    Why.ATTEMPT: lambda p: f"attempt {p['number']}: every level is divided by it",
    Why.DRIFT_UNKNOWN: lambda p: (
        f"what changed of {p['metric']} since the golden baseline {p['golden']} is not recorded as a whole"
    ),
    Why.UNDOES: lambda p: (
        f"takes back the rollback of {p['version']} of {instant_text(str(p['at']))}, to the same tree; what decides is "
        f"whether that was a mistake, until {instant_text(str(p['until']))}"
    ),
    Why.UNDO_ENDED: lambda p: (
        f"a rollback could be undone until {instant_text(str(p['since']))}: propose the version again, with its root cause"
    ),
    Why.OTHERS_TRIED: lambda p: (
        f"{p['attempts']} other attempt{'s' * (p['attempts'] != 1)} against {p['baseline']} before: the best of many looks "
        "better than it is"
    ),
    Why.STARTS_AGAIN: lambda p: f"the stages start again: {p['what']}",
    Why.EXTENDED: lambda p: f"extended {p['times']} time{'s' * (p['times'] != 1)}",
    Why.BASELINE_MOVED: lambda p: (
        f"baseline moved: {p['active']} is active, and the verdict compares with {p['baseline']}: propose it again"
    ),
    Why.POLICY_REVOKED: lambda p: _revoked("was", p),
    Why.TO_BE_REVOKED: lambda p: _revoked("is", p),
    Why.NOT_SEALED: lambda p: f"no sealed verdict of {p['model']} {p['candidate']}: check its pull request first",
    Why.SEALED_OTHERWISE: lambda p: f"{p['path']} is not what the verdict was made of: check the pull request again",
    Why.NOT_PASSED: lambda p: f"the verdict on the pull request is {p['outcome']}, and only passed is merged",
    Why.CHAIN_UNCLEAR: lambda p: f"the active version is not known: {p['trouble']}",
    Why.WAIVER_OF_CHANGE: lambda p: (
        f"the waiver {p['waiver']} of {p['criterion']} is not in force: this change brings it, and the base branch grants them"
    ),
    Why.WAIVER_NOT_YET: lambda p: (
        f"the waiver {p['waiver']} of {p['criterion']} is not in force before {instant_text(p['since'])}"
    ),
    Why.WAIVER_OUTCOME: lambda p: (
        f"the waiver {p['waiver']} does not apply: it covers {p['outcomes']}, and this is {p['outcome']}"
    ),
    Why.WAIVER_EXCEEDED: lambda p: (
        f"the waiver {p['waiver']} does not apply: it covers nothing worse than {p['up_to']}, and this is worse"
    ),
    Why.WAIVER_UNMEASURED: lambda p: (
        f"the waiver {p['waiver']} does not apply: it covers nothing worse than {p['up_to']}, and not all of this was measured"
    ),
    Why.WAIVER_WAITS: lambda p: (
        f"{p['outcome']} so far, which the waiver {p['waiver']} covers: it is decided at the end of the window"
    ),
    Why.WAIVER_UNUSED: lambda p: f"the waiver {p['waiver']} (until {instant_text(p['until'])}) is not needed so far",
    Why.WAIVER_EXPIRED: lambda p: (
        f"the waiver {p['waiver']} of {p['criterion']} expired at {instant_text(p['since'])}: it counts again"
    ),
    Why.RULES_CHANGED: lambda p: (
        f"{p['path']} is not, {p['where']}, what the verdict was made by: the promotion is judged again"
    ),
    Why.NOT_SHOWN_BETTER: lambda p: f"the policy {p['policy']} does not ask for a better version",
    Why.OWES_EVALUATION: lambda p: (
        f"within {p['within']} of the merge a version is due that {p['policy']} has judged in full"
    ),
    Why.LIMIT_WITHIN_BUCKET: lambda p: (
        f"{p['limit']} lies within a bucket of the histogram: {p['rows']} rows may be on either side"
    ),
    Why.BOUND_ABSENT: lambda p: (
        f"nothing can be proven of {p['metric']}: the model file does not say how large a value can be (`largest`)"
    ),
    Why.REFERENCE_NOT_CONCURRENT: lambda _: "the reference did not run at the same time",
    Why.APPROVAL_NOT_COUNTED: lambda p: (
        f"the approval of {p['by']} does not count: {_UNCOUNTED.get(str(p['standing']), p['standing'])}"
    ),
    Why.UNKNOWN_CONTRIBUTOR: lambda p: (
        f"GitHub knows no account for everybody in {p['commits']}, and nobody may sign for their own work: "
        "one approval more is needed"
    ),
    Why.SUPPRESSED_FINDINGS: lambda p: (
        f"{_plural(p['found'], 'finding')} suppressed by the scanner, which the policy lets stand"
    ),
}
