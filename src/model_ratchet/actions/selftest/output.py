"""Trials of what is written: nothing that others wrote is obeyed where it is read."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from model_ratchet.actions.publish import Published, write_files
from model_ratchet.actions.selftest.ground import Control, OfProposal, shown, told
from model_ratchet.actions.told import published_lines
from model_ratchet.core.errors import SourceError
from model_ratchet.core.evidence import Measurement, Missing, Need
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.events import Unverified
from model_ratchet.engine.record import Record, to_bytes
from model_ratchet.engine.selftest.attack import Said, broken, defended, held
from model_ratchet.engine.selftest.hostile import COMMANDS, COMPUTED, FORMULAS, MARKUP, TEMPLATE, obeyed
from model_ratchet.github.job import Job
from model_ratchet.report import render
from model_ratchet.report.check import Check, judged
from model_ratchet.report.chronicle import chronicle, chronicle_csv
from model_ratchet.report.comment import comment
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.html import as_html
from model_ratchet.report.marker import Marker
from model_ratchet.report.notes import RollbackNote

_FORMATS = ("text", "markdown", "json", "junit", "sarif", "github")
_BUDGET = 60_000
_CANARY = "selftest-canary-5e1f7e57"
_HEAD = "5e1f" * 10
_FILES = re.compile(r"report\.(md|json|sarif|xml)|record(-[0-9a-f]{8})?\.json|report(-[0-9a-f]{8})?\.html")


class Tags(HTMLParser):
    """The tags of a text, and the addresses that they lead to."""

    def __init__(self, text: str) -> None:
        """Reads the text at once."""
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.leads: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.names.append(tag)
        self.leads += [value or "" for name, value in attrs if name in ("href", "src") or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.words += data


def comments(control: Control) -> Said:
    """Markup, mentions and markers in every place of a comment that a document can fill."""
    marker = Marker(head=_HEAD, base="main", run=17)
    context = CommentContext(marker=marker)
    forged = str(replace(marker, run=10**12))
    for name, words in {**MARKUP, "a marker": forged}.items():
        for check in _hostile(control, words):
            said = comment(check, context)
            found = Tags(said)
            foreign = {"script", "img", "iframe", "style", "form", "input", "svg"} & set(found.names)
            if foreign or forged in said or not said.startswith(f"{marker}\n") or len(said) > _BUDGET:
                return broken(f"{name} in a document changes the comment")
            if re.search(r"(?<![\w/])@[A-Za-z0-9]", found.words) or "](http" in said or "<http" in said:
                return broken(f"{name} in a document mentions people, or leads elsewhere, in the comment")
    return defended(f"{len(MARKUP) + 1} kinds of markup stand in a comment as text, and its marker is our own")


def pages(control: Control) -> Said:
    """The same in the HTML report."""
    plain = Tags(as_html(_renamed(control, "harmless")))
    found = Tags(as_html(_renamed(control, " ".join(MARKUP.values()))))
    return held(
        found.names == plain.names and all(one.startswith("#") for one in found.leads),
        f"{len(MARKUP)} kinds of markup leave the tags of the page as they are, and none leads anywhere",
        "markup in a document changes the page",
    )


def templates(control: Control) -> Said:
    """A template in names and notes."""
    for check in _hostile(control, TEMPLATE):
        said = {form: render(check, form, width=110) for form in _FORMATS}
        computed = [form for form, text in said.items() if COMPUTED in text or "uid=" in text]
        if computed:
            return broken(f"a template was computed in the format {computed[0]}")
        if "cycler.__init__" not in json.dumps(json.loads(said["json"])):
            return broken("a template is not told as it was written")
    return defended(f"a template is told as it was written, in {len(_FORMATS)} formats")


def logs(control: Control) -> Said:
    """Commands of a runner and of a terminal, in a log."""
    if not all(obeyed(COMMANDS[name]) for name in ("error", "old")):
        return broken("the trial itself does not see a command")
    words = "\n".join(COMMANDS.values())
    for check in _hostile(control, words):
        published = published_lines(Published(check=check, troubles=(words,), warnings=(words,)))
        log = "\n".join((render(check, "text", width=110), render(check, "github"), published))
        foreign = [line for line in obeyed(log) if not _own(line)]
        if foreign or {"\x1b", "\u2028", "\x85", "\x0c"} & set(log):
            return broken(f"a log obeys a document: {shown(foreign[0]) if foreign else 'signs of a terminal'}")
    return defended(f"{len(COMMANDS)} commands of runners and terminals stand in a log as text")


def outputs(control: Control) -> Said:
    """A value that would set another output of a step."""
    folder = Path(tempfile.mkdtemp(prefix="outputs-", dir=control.subject.sandbox.root))
    for number, value in enumerate(("a\nx=y", "a\nEOF\nx=y", "x<<E\ny\nE")):
        file = folder / str(number)
        Job(run=1, attempt=1, repository="https://github.invalid/a/b", temporary=folder, output=file).say(outcome=value)
        lines = file.read_text(encoding="utf-8").splitlines()
        opened = re.fullmatch(r"outcome<<(end-[0-9a-f]{32})", lines[0])
        if opened is None or lines[1:-1] != value.splitlines() or lines[-1] != opened[1]:
            return broken(f"the output {value!r} does not end where it should")
    return defended("a value ends at a line that nobody can guess")


def spreadsheets(control: Control) -> Said:
    """Cells that a spreadsheet would compute."""
    at = control.subject.now
    events = [Unverified(at=at, model=control.subject.model.name, commit=_HEAD, because=one) for one in FORMULAS]
    rows = list(csv.reader(io.StringIO(chronicle_csv(chronicle(events)))))
    bad = [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell]
    return held(
        not bad, f"{len(FORMULAS)} formulas are led by an apostrophe in the log", f"a spreadsheet computes {bad[:1]}"
    )


def file_names(control: Control) -> Said:
    """A name that would be a path."""
    folder = control.subject.sandbox.root / "files" / "inside"
    write_files(judged([_renamed(control, "../../x")]), folder)
    written = sorted(one.name for one in folder.parent.rglob("*") if one.is_file())
    outside = [
        one for one in control.subject.sandbox.root.rglob("x*") if ".git" not in one.parts and "files" not in one.parts
    ]
    odd = [one for one in written if not _FILES.fullmatch(one)]
    return held(
        bool(written) and not odd and not outside,
        f"{len(written)} files, each by a name of our own",
        f"a file is called {odd or outside}",
    )


def secrets(control: Control) -> Said:
    """A source whose error holds a secret."""

    def failing(need: Need) -> Measurement | Missing | None:
        raise (SourceError if need.window else RuntimeError)(f"https://user:{_CANARY}@host/?token={_CANARY}")

    check = control.subject.check(control.head, answer=failing)
    if not check.records:
        return broken(f"a proposal whose sources fail {told(check)}")
    said = [render(check, form, width=110) for form in _FORMATS]
    said += [text for record in check.records for text in (as_html(record), to_bytes(record).decode())]
    said.append(comment(check, CommentContext(marker=Marker(head=_HEAD, base="main", run=1))))
    return held(
        not any(_CANARY in one for one in said),
        f"it stands in none of {len(said)} reports, pages and records",
        "the secret of an error is told",
    )


def too_long(control: Control) -> Said:
    """A report of very many findings, and a record whose names are very long."""
    many = Check(findings=tuple(Finding(Location(f"promotions/m/{n}/promotion.yaml"), "x" * 500) for n in range(2_000)))
    lengths = [
        len(comment(one, CommentContext(marker=Marker(head=_HEAD, base="main", run=1))))
        for one in (many, *_hostile(control, "x" * 10_000))
    ]
    return held(
        max(lengths) <= _BUDGET,
        f"the longest of {len(lengths)} comments has {max(lengths):,} characters",
        f"a comment has {max(lengths):,} characters",
    )


def _hostile(control: Control, words: str) -> Iterator[Check]:
    """The same words in each place of a check that a document can fill."""
    yield Check(findings=(Finding(Location(f"promotions/m/{words}/promotion.yaml", 3, 1), words),))
    yield Check(trouble=words)
    yield Check(rollback=RollbackNote(model=words, removed=(words,), returns_to=words, beside=(words,)))
    yield judged([_renamed(control, words)])


def _renamed(control: Control, words: str) -> Record:
    (record,) = control.check.records
    facts = replace(record.plan.facts, model=words, candidate=words, baseline=words)
    return replace(record, plan=replace(record.plan, policy=words, facts=facts))


def _own(line: str) -> bool:
    """Whether a command is one that we give ourselves."""
    head, parted, _ = line.partition("::")[2].partition("::")
    name, _, properties = head.partition(" ")
    return bool(parted) and name in {"error", "warning", "notice"} and "title=ratchet" in properties


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T14", "E51"), comments),
    (("T15",), pages),
    (("T16",), templates),
    (("T17", "E42"), secrets),
    (("T19",), logs),
    (("T20",), outputs),
    (("T32",), spreadsheets),
    (("T33",), file_names),
    (("E49",), too_long),
)
