"""Attacks on who reads what Ratchet writes, by their numbers: browsers, runners, terminals, spreadsheets."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import model_ratchet
from builders import records
from builders.markup import AFTERWARDS, by_github, by_markdown_it, read_html
from builders.publishing import a_job
from builders.reports import hostile
from model_ratchet.actions.on_event import Refreshed
from model_ratchet.actions.publish import REPORTS, Published
from model_ratchet.actions.told import published_lines, refreshed_lines
from model_ratchet.cli.options import FORMATS
from model_ratchet.cli.terminal import remark
from model_ratchet.core.finding import Finding, Location
from model_ratchet.engine.selftest.hostile import COMMANDS, obeyed
from model_ratchet.report import render
from model_ratchet.report.check import Check, judged
from model_ratchet.report.comment import comment
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.html import as_html
from model_ratchet.report.marker import Marker
from model_ratchet.report.notes import RollbackNote

HEAD = "4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e"
MARKER = Marker(head=HEAD, base="main", run=17)
HOME = "https://github.com/acme/models"
CONTEXT = CommentContext(marker=MARKER, repository=HOME, base_commit=HEAD[::-1], run=f"{HOME}/actions/runs/17")
FORGED = str(replace(MARKER, run=10**12))
MARKUP = {
    "mention": "@acme/all",
    "image": "<img src=//e.example/x.png onerror=alert(1)>",
    "script": "<script>alert(1)</script>",
    "element": "</details></td></table>",
    "fence": "```\n~~~",
    "bars": "a|b\\|c",
    "marker": f"{FORGED}\n{FORGED}",
    "link": "[ok](http://evil.example) http://evil.example <http://evil.example> javascript:alert(1)",
    "reference": "#1 GH-2 4f1c9a7e2b",
    "template": "{{ cycler.__init__.__globals__.os.popen('id').read() }} ${{ secrets.X }} {% raw %} ${HOME}",
    "long": "x" * 10_000,
}


def checks(said: str) -> Iterator[Check]:
    """The same text in each place of a check that a document or a log can fill."""
    yield Check(findings=(Finding(Location(f"promotions/m/{said}/promotion.yaml", 3, 1), said),))
    yield Check(trouble=said)
    yield Check(rollback=RollbackNote(model=said, removed=(said,), returns_to=said, beside=(said,)))
    for record in (records.a_failed_record(), records.a_passed_record(), records.an_errored_record()):
        facts = replace(record.plan.facts, model=said, candidate=said, baseline=said)
        yield judged([replace(record, plan=replace(record.plan, policy=said, facts=facts))])


@pytest.mark.parametrize("name", MARKUP)
def test_t14_t33_what_others_write_is_text_in_a_report(name: str) -> None:
    for record in (records.a_failed_record(), records.a_passed_record(), records.an_errored_record()):
        harmless, found = (read_html(as_html(hostile(said, record))) for said in ("harmless", MARKUP[name]))
        assert found.tags == harmless.tags
        assert not found.unbalanced
        assert [one[:2] for one in found.attributes] == [one[:2] for one in harmless.attributes]
        assert {str(value)[:1] for _, attribute, value in found.attributes if attribute == "href"} == {"#"}


@pytest.mark.parametrize("name", MARKUP)
def test_t14_t15_t16_what_others_write_is_shown_in_a_comment_and_does_nothing(name: str) -> None:
    for checked in checks(MARKUP[name]):
        said = comment(checked, CONTEXT)
        for parse in (by_github, by_markdown_it):
            found = parse(said)
            assert not {"script", "img", "iframe", "style", "form", "input", "svg"} & set(found.tags)
            assert not found.unbalanced
            assert len(found.comments) == 1
            for tag, attribute, value in found.attributes:
                assert (tag, attribute) in {("a", "href"), ("code", "aria-hidden")}
                assert attribute != "href" or str(value).startswith(f"{HOME}/")
            for what in ("mention", "reference", "link"):
                assert not AFTERWARDS[what].search(found.prose), what
        assert said.startswith(f"{MARKER}\n")
        assert FORGED not in said
        assert len(said) <= 60_000


def test_t16_a_template_is_text_in_every_format() -> None:
    said = MARKUP["template"]
    for checked in checks(said):
        for form in FORMATS:
            shown = render(checked, form, width=110)
            assert "uid=" not in shown
        told = json.dumps(json.loads(render(checked, "json")))
        assert "cycler.__init__" in told


def own(line: str) -> bool:
    """Whether a command is one that we give: three names, our title, and nothing of another command in its properties."""
    head, parted, _ = line.partition("::")[2].partition("::")
    name, _, properties = head.partition(" ")
    return bool(parted) and name in {"error", "warning", "notice"} and "title=ratchet" in properties


@pytest.mark.parametrize("name", COMMANDS)
def test_t19_no_line_of_a_log_is_a_command_but_our_own(tmp_path: Path, name: str) -> None:
    said = COMMANDS[name]
    for at, checked in enumerate(checks(said)):
        published = Published(check=checked, troubles=(said,), warnings=(said,))
        for one in (published, replace(published, superseded=said), replace(published, read_only=True)):
            log = published_lines(one)
            assert [line for line in obeyed(log) if not own(line)] == []
            assert not {"\x1b", "\u2028", "\x85", "\x0c"} & set(log)
            assert not {"\r"} & set(log)
        job = a_job(tmp_path / str(at))
        log = refreshed_lines([Refreshed(number=1, published=published), Refreshed(number=2, trouble=said)], job)
        assert [line for line in obeyed(log) if not own(line)] == []
        shown = render(checked, "github")
        assert [line for line in obeyed(shown) if not own(line)] == []
        for width in (30, 60, 110, 400):
            plain = render(checked, "text", width=width)
            assert obeyed(plain) == []
            assert not {"\x1b", "\u2028", "\x85", "\x0c", "\r"} & set(plain)


@pytest.mark.parametrize("name", COMMANDS)
def test_t19_what_is_remarked_is_one_line_and_no_command(capsys: pytest.CaptureFixture[str], name: str) -> None:
    remark(str(Finding(Location(f"promotions/{COMMANDS[name]}/x", 3, 1), COMMANDS[name])))
    (line,) = capsys.readouterr().err.splitlines()
    assert obeyed(line) == []
    assert line.isprintable() or "\u200b" in line


def test_t19_the_oracle_obeys_what_a_runner_would() -> None:
    assert [name for name, said in COMMANDS.items() if obeyed(said)] == [
        "error", "indented", "old", "return", "escape", "tab"
    ]  # fmt: skip


def test_t32_nothing_that_is_written_opens_in_a_spreadsheet() -> None:
    """One module writes a table for spreadsheets, the ledger's log, whose cells are guarded (test_ledger_tampering)."""
    assert set(FORMATS) == {"text", "markdown", "json", "junit", "sarif", "github"}
    assert {Path(name).suffix for name in REPORTS} == {".md", ".json", ".sarif", ".xml"}
    source = Path(model_ratchet.__file__).parent
    writers = {"csv.writer", "csv.DictWriter", "to_csv", "to_excel"}
    for file in set(source.rglob("*.py")) - {source / "report" / "chronicle.py"}:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in writers, file
                assert called.rpartition(".")[2] not in writers, file
