"""The repository holds what it promises, and nothing that it must not."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from model_ratchet.actions.validate import validate

ROOT = Path(__file__).parents[2]


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = [
        f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    found = [
        f"{file.relative_to(ROOT)}: {host}"
        for file in _files()
        for host in hosts
        if host.encode() in file.read_bytes().lower()
    ]
    assert found == []


def test_there_is_no_lock_file_that_holds_addresses() -> None:
    assert [file.name for file in _files() if file.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}] == []


@pytest.mark.parametrize(
    "name", ["runtime.txt", "build.txt", "dev.txt", "mlflow.txt", "sign.txt", "oracles.txt", "fuzz.txt"]
)
def test_every_requirement_is_pinned_by_a_hash_and_has_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert pins
    assert "://" not in text
    assert "--index" not in text
    assert all(line.rstrip().endswith("\\") for line in pins)
    assert text.count("--hash=sha256:") >= len(pins)


def test_what_npm_installs_is_pinned_by_a_hash_and_has_no_address() -> None:
    locks = [file for file in _files() if file.name == "package-lock.json"]
    assert locks
    for file in locks:
        assert "resolved" not in file.read_text(encoding="utf-8")
        installed = json.loads(file.read_text(encoding="utf-8"))["packages"]
        assert all("integrity" in one for path, one in installed.items() if path)
        assert (file.parent / ".npmrc").read_text(encoding="utf-8") == "omit-lockfile-registry-resolved=true\n"


@pytest.mark.parametrize("beside", ["build.txt", "sign.txt"])
def test_what_is_installed_beside_the_product_has_the_versions_that_it_runs_with(beside: str) -> None:
    pins = [
        set(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("runtime.txt", beside)
    ]
    shared = {name for name, _ in pins[0]} & {name for name, _ in pins[1]}
    assert {(name, version) for name, version in pins[0] if name in shared} == {
        (name, version) for name, version in pins[1] if name in shared
    }


def test_the_documents_of_the_repository_are_valid() -> None:
    checked = validate(ROOT, ())
    assert checked.findings == ()
    assert checked.validated == 7


def test_the_demo_policy_gives_a_reason_for_what_it_changes() -> None:
    shipped = (ROOT / "policies" / "standard" / "1.0.0.yaml").read_text(encoding="utf-8")
    own = (ROOT / "policies" / "flight-delay" / "1.0.0.yaml").read_text(encoding="utf-8")
    criteria = {line.strip() for line in shipped.splitlines() if line.strip().startswith("- {id:")}
    lines = own.splitlines()
    changed = [
        number
        for number, line in enumerate(lines)
        if line.strip().startswith(("- {id:", "- {name:")) and line.strip() not in criteria
    ]
    assert changed
    for number in changed:
        above = [line.strip() for line in lines[max(0, number - 4) : number]]
        assert "#" in lines[number] or any(line.startswith("#") for line in above), lines[number]


def test_the_readme_opens_with_what_it_is_and_shows_a_verdict() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    opening = text.split("\n\n")[1].replace("\n", " ")
    assert opening.count(". ") == 2
    assert "PENDING  flight-delay" in text
    assert "make demo" in text
    assert "make test" in text


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """What a link may name within a page: its headings, as GitHub spells them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(next(one for one in (slug, *(f"{slug}-{again}" for again in range(1, 100))) if one not in found))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target
