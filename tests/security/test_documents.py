"""Attacks by documents and by patterns, by their numbers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import model_ratchet
from builders.repositories import a_repo
from builders.small import HISTORY, V1, V2, folder, request
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest

SOURCE = Path(model_ratchet.__file__).parent
WHOLE = request(V2, V1, more=HISTORY)
LAUGHS = "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10) if at else 'x'}]\n" for at in range(10))
MERGED = "".join(
    f"m{at}: &m{at} {{" + (f"<<: [{', '.join([f'*m{at - 1}'] * 8)}]" if at else "k: 1") + "}\n" for at in range(8)
)
BOMBS: dict[str, str | bytes] = {
    "open brackets": "[" * 100_000,
    "open braces": "{a: " * 20_000,
    "nested blocks": "".join(" " * at + "a:\n" for at in range(400)),
    "laughs": LAUGHS,
    "merge keys": MERGED,
    "object": "a: !!python/object/apply:os.system ['touch /nowhere']\n",
    "own tag": "a: !secret x\n",
    "itself": "a: &a [*a]\n",
    "twice": WHOLE + "owner: other\n",
    "long number": "owner: " + "9" * 5000 + "\n",
    "two documents": WHOLE + "---\n" + WHOLE,
    "no number": WHOLE.replace("owner: ml", "owner: .nan"),
    "endless": WHOLE.replace("owner: ml", "owner: .inf"),
    "list as key": "{[1]: c}\n",
    "many parts": "a: [" + "1," * 60_000 + "]\n",
    "null": "owner: \x00\n",
    "backwards": "owner: '\u202eml'\n",
    "not utf-8": b"owner: \xff\xfe\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_t10_a_document_that_is_a_weapon_is_a_finding_with_its_place(name: str) -> None:
    text = BOMBS[name]
    found = read(PromotionRequest, "promotion.yaml", text if isinstance(text, bytes) else text.encode())
    assert isinstance(found, tuple)
    assert all(one.location.file == "promotion.yaml" and one.location.line >= 1 for one in found)
    assert 0 < len(found) <= 200


@pytest.mark.parametrize(
    ("written", "stays"),
    [("owner: 1:30", "1:30"), ("owner: yes", "yes"), ("owner: '010'", "010")],
    ids=["90", "on", "8"],
)
def test_t10_what_readers_disagree_on_is_text(written: str, stays: str) -> None:
    found = read(PromotionRequest, "promotion.yaml", WHOLE.replace("owner: ml", written).encode())
    assert isinstance(found, PromotionRequest)
    assert found.owner == stays


@pytest.mark.parametrize("name", ["open brackets", "open braces", "laughs", "merge keys"])
def test_t10_no_document_ends_the_process(tmp_path: Path, name: str) -> None:
    content = BOMBS[name]
    a_repo(tmp_path, {f"{folder(V2)}/promotion.yaml": content})
    command = [str(Path(sys.executable).with_name("ratchet")), "validate", "--repo", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2, ran.stderr
    assert f"{folder(V2)}/promotion.yaml:" in ran.stdout


def calls(*, without: tuple[str, ...] = ()) -> list[tuple[str, ast.Call]]:
    """Every call in the product, with the text of what is called; ``without`` some modules."""
    return [
        (ast.unparse(node.func), node)
        for file in SOURCE.rglob("*.py")
        if file.name not in without
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_t16_t35_nothing_is_evaluated_imported_by_name_or_unpickled() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "os.system", "os.popen"}
    for called, node in calls():
        assert called not in forbidden, ast.unparse(node)
        assert not called.startswith(("pickle.", "marshal.", "shelve.", "dill.")), ast.unparse(node)
        assert "from_string" not in called, ast.unparse(node)
        shell = [one for one in node.keywords if one.arg == "shell"]
        assert not shell, ast.unparse(node)


def test_t35_no_pattern_comes_from_a_document() -> None:
    """A pattern is written in the code: a literal, or made of named constants.

    CODEOWNERS is the base branch's, and what is searched for secrets are values of our own environment, each escaped.
    """
    patterns = [
        node.args[0]
        for called, node in calls(without=("codeowners.py", "disclosure.py"))
        if called in {f"re.{name}" for name in ("compile", "match", "fullmatch", "search", "sub", "split", "findall")}
    ]
    assert len(patterns) > 50
    for pattern in patterns:
        inside = [one for one in ast.walk(pattern) if isinstance(one, ast.Name)]
        assert all(one.id.isupper() for one in inside), ast.unparse(pattern)
