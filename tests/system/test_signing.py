"""Records that are signed as they are appended, and their signatures as ``ratchet audit verify`` finds them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from builders.keys import a_key
from builders.ledgers import a_year, files_of, keep
from builders.repositories import Repo, a_repo
from builders.small import NOW, START, V1, V2, promotion, rules, write_log
from model_ratchet.actions.advance import Asked, advance
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.record import Files, RecordInput, record
from model_ratchet.cli import run
from model_ratchet.core.errors import UsageError
from model_ratchet.documents.events import Hold
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH, Entry, append, fetch_ledger, signature_path
from model_ratchet.signing import Sign, signer_of

Verify = Callable[..., tuple[int, str]]
SHADOWED = START + timedelta(hours=37)


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    def asked(repo: Repo, *more: str) -> tuple[int, str]:
        code = run(["audit", "verify", "--repo", str(repo.path), *more])
        out, err = capsys.readouterr()
        return code, out + err

    return asked


def advanced(repo: Repo, environ: dict[str, str]) -> None:
    for now in (START, SHADOWED):
        asked = CheckInput(repo=repo.path, base="main", head="proposal", now=now, environ=environ)
        advance(Asked(check=asked), Writer(repo.path))


def recorded(repo: Repo, environ: dict[str, str]) -> None:
    records = check(CheckInput(repo=repo.path, base="before", head="stated", now=NOW)).records
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "stated")
    writer = Writer(repo.path)
    record(RecordInput(tip=writer.commit("main"), now=NOW, environ=environ), writer, Files(writer, records))


@pytest.mark.parametrize("appended", [advanced, recorded], ids=["advance", "record"])
def test_what_is_sealed_is_signed_as_it_is_appended(
    tmp_path: Path, verify: Verify, appended: Callable[[Repo, dict[str, str]], None]
) -> None:
    environ, public = a_key(tmp_path)
    log = write_log(tmp_path / "requests.csv")
    repo = a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none"), "policies/keys/ops.pub": public})
    repo.branch("proposal", promotion(V2, V1, more=""))
    repo.git("checkout", "--quiet", "main")
    repo.git("branch", "before")
    repo.branch("stated", promotion(V2, V1))
    with pytest.raises(UsageError, match="RATCHET_SIGNING_KEY names no file"):
        appended(repo, {"RATCHET_SIGNING_KEY": str(tmp_path / "nowhere")})
    repo.git("checkout", "--quiet", "main")
    appended(repo, environ)
    code, said = verify(repo)
    assert (code, "1 signed, 0 unsigned, 0 signed by an unknown key, 0 badly signed" in said) == (0, True), said
    ledger = fetch_ledger(Writer(repo.path))
    (path,) = ledger.repository.paths(ledger.commit or "", "signatures")
    secret = Path(environ["RATCHET_SIGNING_KEY"]).read_bytes().splitlines()[1]
    held = ledger.repository.read(ledger.commit or "", ledger.repository.paths(ledger.commit or ""))
    assert path in held
    assert not [one for one, blob in held.items() if secret in blob.content]


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Repo, Sign, Path]:
    """Three records, of which the first is signed; the repository, who signs, and a folder with the public key."""
    environ, public = a_key(tmp_path)
    sign = signer_of(environ)
    assert sign is not None
    repo = a_repo(tmp_path / "repo", {"README.md": "x"})
    keep(repo, a_year().events[:4], a_year().records[:1], sign=sign)
    keep(repo, a_year().events[4:], a_year().records[1:])
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "ops.pub").write_bytes(public)
    return repo, sign, folder


def test_how_many_are_signed_is_told_and_by_whom_it_can_t_be_told_without_a_key(
    kept: tuple[Repo, Sign, Path], verify: Verify, tmp_path: Path
) -> None:
    repo, _, folder = kept
    assert "1 signed, 2 unsigned, 0 signed by an unknown key, 0 badly signed" in verify(repo, "--keys", str(folder))[1]
    code, said = verify(repo)
    assert (code, "0 signed, 2 unsigned, 1 signed by an unknown key, 0 badly signed" in said) == (0, True), said
    assert '"unknown": 1' in verify(repo, "--format", "json")[1]
    code, said = verify(repo, "--keys", str(tmp_path / "empty"))
    assert (code, "holds no public key that can be read" in said) == (2, True)
    (folder / "broken.pub").write_text("x", encoding="ascii")
    code, said = verify(repo, "--keys", str(folder))
    assert (code, "broken.pub holds no public key" in said) == (3, True)


def test_where_keys_are_known_a_ledger_without_signatures_says_so(tmp_path: Path, verify: Verify) -> None:
    _, public = a_key(tmp_path)
    repo = a_repo(tmp_path / "repo", {"policies/keys/ops.pub": public})
    keep(repo, a_year().events, a_year().records)
    assert "0 signed, 3 unsigned" in verify(repo)[1]


def test_a_signature_of_another_record_is_tampering_although_a_line_names_it(
    kept: tuple[Repo, Sign, Path], verify: Verify
) -> None:
    repo, _, folder = kept
    ledger = fetch_ledger(Writer(repo.path))
    (path,) = ledger.repository.paths(ledger.commit or "", "signatures")
    moved = ledger.repository.read(ledger.commit or "", (path,))[path].content
    (other,) = files_of(a_year().records[1:2])
    place = signature_path(f"sha256:{Path(other).stem}")
    hold = Hold(at=a_year().events[-1].at, model="flight-delay", because="x")
    append(Writer(repo.path), lambda _: Entry((hold,), {place: moved}), "forged", hold.at, hidden={})
    code, said = verify(repo, "--keys", str(folder))
    assert (code, f"tampered: {place}: it is no signature of its record" in said) == (1, True), said
    assert "1 signed, 1 unsigned, 0 signed by an unknown key, 1 badly signed" in said


def test_a_byte_of_a_signature_that_is_another_and_one_that_is_gone_are_found_without_a_key(
    kept: tuple[Repo, Sign, Path], verify: Verify
) -> None:
    repo, _, _ = kept
    repo.git("checkout", "--quiet", BRANCH)
    (file,) = (repo.path / "signatures").iterdir()
    content = file.read_bytes()
    repo.commit({f"signatures/{file.name}": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]})
    assert "it is not what was written with the line that names it" in verify(repo)[1]
    repo.git("rm", "--quiet", f"signatures/{file.name}")
    repo.commit()
    code, said = verify(repo)
    assert (code, "the file is not there, and a line names it" in said) == (1, True)
