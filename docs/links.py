"""What the site makes of links that lead out of ``docs/``: on GitHub they lead to the file, so they lead to GitHub here too."""

import re
from pathlib import Path
from typing import Any

REPOSITORY = "https://github.com/model-ratchet/model-ratchet/blob/main"
LINK = re.compile(r"\]\(((?:\.\./)+[^)#]+)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """A page with such links; MkDocs calls this for each."""
    docs = Path(config.docs_dir)
    folder = Path(page.file.abs_src_path).parent
    return LINK.sub(lambda found: _link(found, (folder / found[1]).resolve(), docs), markdown)


def _link(found: re.Match[str], target: Path, docs: Path) -> str:
    if target.is_relative_to(docs):
        return found[0]
    return f"]({REPOSITORY}/{target.relative_to(docs.parent)}"
