"""The pictures of the documentation, taken of what the tests render: ``make pictures``."""

from pathlib import Path

from PIL import Image

from builders.comments import CONTEXT, mixed
from builders.pages import layout, picture
from model_ratchet.report.check import Check
from model_ratchet.report.comment import comment

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH = 840


def main() -> None:
    """Write them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    said = comment(Check(records=(mixed(),)), CONTEXT)
    file = PICTURES / "comment.png"
    picture(said, file, width=WIDTH, height=layout(said, WIDTH)["height"])
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(128).save(file, optimize=True)  # a third of the size, and nobody sees it


if __name__ == "__main__":
    main()
