import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_index_links_every_page_and_nothing_else():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert set(re.findall(r"\]\((.+?)\)", index)) == pages - {"README.md"}
