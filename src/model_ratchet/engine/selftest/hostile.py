"""Hostile: texts that are weapons, and what a runner would obey of a log."""

from collections.abc import Mapping

_LAUGHS = "".join(f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10) if at else 'x'}]\n" for at in range(10))
_MERGED = "".join(
    f"m{at}: &m{at} {{" + (f"<<: [{', '.join([f'*m{at - 1}'] * 8)}]" if at else "k: 1") + "}\n" for at in range(8)
)
BOMBS: Mapping[str, bytes] = {
    "open brackets": b"[" * 100_000,
    "open braces": b"{a: " * 20_000,
    "nested blocks": "".join(" " * at + "a:\n" for at in range(400)).encode(),
    "laughs": _LAUGHS.encode(),
    "merge keys": _MERGED.encode(),
    "an object": b"a: !!python/object/apply:os.system ['true']\n",
    "a tag": b"a: !secret x\n",
    "an alias of itself": b"a: &a [*a]\n",
    "a key that stands twice": b"model: a\nmodel: b\n",
    "a number of 5,000 digits": b"owner: " + b"9" * 5000 + b"\n",
    "two documents": b"a: 1\n---\na: 1\n",
    "a list for a key": b"{[1]: c}\n",
    "60,000 parts": b"a: [" + b"1," * 60_000 + b"]\n",
    "a null byte": b"owner: \x00\n",
    "text that runs backwards": "owner: '\u202eml'\n".encode(),
    "bytes that are no text": b"owner: \xff\xfe\n",
}
"""Documents that no reader should build, by what is wrong with them."""

TEMPLATE = "={{ 7 * 7 }}= {{ cycler.__init__.__globals__.os.popen('id').read() }} ${{ secrets.X }} {% raw %} ${HOME}"
"""Of every language of templates that is at hand."""

COMPUTED = "=49="
"""What the first of them would become."""

MARKUP: Mapping[str, str] = {
    "a mention": "@acme/all",
    "an image": "<img src=//e.invalid/x.png onerror=alert(1)>",
    "a script": "<script>alert(1)</script>",
    "the end of an element": "</details></td></table>",
    "a fence": "```\n~~~",
    "bars": "a|b\\|c",
    "a link": "[ok](http://e.invalid) http://e.invalid <http://e.invalid> javascript:alert(1)",
    "a template": TEMPLATE,
    "ten thousand letters": "x" * 10_000,
}
"""What a browser, or GitHub, would make something of."""

COMMANDS: Mapping[str, str] = {
    "error": "x\n::error::y",
    "indented": "x\n  ::set-output name=a::b",
    "old": "foo ##[add-mask]0",
    "return": "x\r::stop-commands::t",
    "separator": "x\u2028::warning::y",
    "next line": "x\x85::warning::y",
    "escape": "x\x1b[2K\r::error::y",
    "percent": "x%0A::error::y",
    "tab": "x\n\t::error::y",
    "form feed": "x\x0c::error::y",
}
"""What a runner, or a terminal, would obey of a log."""

FORMULAS = ("=HYPERLINK(A1)", "+1", "-1", "@SUM(A1)", "\t=1", "|cmd")
"""What a spreadsheet would compute of a cell."""


def obeyed(log: str) -> list[str]:
    """The lines that a runner takes for commands: ``::`` first in a line, or ``##[name]`` anywhere in one.

    A runner reads lines as .NET does: carriage returns and line feeds end them, and blanks before them are cut off.
    """
    lines = log.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.strip() for line in lines if line.strip().startswith("::") or "##[" in line]
