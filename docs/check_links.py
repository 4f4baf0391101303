"""Check that relative links in the Markdown files lead to a file, and anchors to a heading.

Run: python -m docs.check_links          prints each dead link and exits with 1 when there is one
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:")


def list_pages(root: Path = ROOT) -> list[Path]:
    """Return the Markdown files of the repository: those at the top and those in docs and benchmarks."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/*.md")])


def list_links(page: Path) -> list[str]:
    """Return the targets of a page's relative links; code blocks do not count."""
    targets = _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if not _ELSEWHERE.match(target)]


def find_dead_links(page: Path) -> Iterator[str]:
    """Yield ``file: link`` for every relative link of a page that leads nowhere."""
    for target in list_links(page):
        if not _leads_somewhere(page, target):
            yield f"{page.name}: {target}"


def list_anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make, as common Markdown renderers form them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {_as_anchor(heading) for heading in _HEADING.findall(text)}


def _leads_somewhere(page: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    path = page.parent / file if file else page
    if not path.exists():
        return False
    return not anchor or path.suffix != ".md" or anchor in list_anchors(path)


def _as_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    dead = [link for page in list_pages() for link in find_dead_links(page)]
    sys.stdout.writelines(f"dead link in {link}\n" for link in dead)
    sys.exit(1 if dead else 0)
