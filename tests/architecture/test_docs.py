"""The documentation follows the source: generated pages are current, links lead somewhere."""

from __future__ import annotations

import pytest

from docs import check_links, generate

PAGES = generate.build_pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_current(page):
    assert page.read_text(encoding="utf-8") == PAGES[page], "run `make docs` and commit what it writes"


def test_every_link_leads_to_a_file_or_a_heading():
    assert [link for page in check_links.list_pages() for link in check_links.find_dead_links(page)] == []


def test_dead_links_and_dead_anchors_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading, here\n[a](gone.md) [b](#a-heading-here) [c](#gone) [d](https://example.org)\n"
    )
    assert list(check_links.find_dead_links(page)) == ["page.md: gone.md", "page.md: #gone"]


def test_links_inside_code_are_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```\n[a](gone.md)\n```\n")
    assert list(check_links.find_dead_links(page)) == []


def test_every_page_of_docs_can_be_reached_from_the_index():
    docs = check_links.ROOT / "docs"
    reached, waiting = set(), [docs / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [
                (page.parent / link.partition("#")[0]).resolve() for link in check_links.list_links(page)
            ]
    assert set(docs.rglob("*.md")) - reached == set()
