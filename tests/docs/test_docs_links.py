"""Every link of README, CONTRIBUTING and docs/*.md to this repository leads somewhere."""

import subprocess

import pytest
from pages import PAGES, ROOT, anchors, links


def broken(page, text):
    """The relative links of a page that lead nowhere; a link is followed as GitHub would."""
    wrong = []
    for link in links(text):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        there = target == page or (target.exists() and target.is_relative_to(ROOT))
        if there and anchor and target.suffix == ".md":
            there = anchor in anchors(text if target == page else target.read_text())
        if not there:
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_or_a_heading_leads_there(page):
    assert not broken(page, page.read_text())


@pytest.mark.parametrize(
    "link",
    ["nowhere.md", "data.md#nothing", "#nothing", "../README.md#nothing", "../../outside", "api/x"],
)
def test_a_broken_link_would_be_found(link):
    text = (
        f"# A heading, `code` & more\n\n| a |\n| --- |\n| [x]({link}) [y](#a-heading-code--more) |"
    )
    assert broken(ROOT / "docs/page.md", text) == [link]


def test_headings_are_named_as_github_names_them():
    text = "# What's `this`: a, b?\n\n## Twice\n\n## Twice\n\n```\n# none\n```\n"
    assert anchors(text) == ["whats-this-a-b", "twice", "twice-1"]


def test_what_is_linked_to_is_part_of_the_repository():
    """A file that lies here but is not tracked would be missing elsewhere."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    tracked = {ROOT / name for name in listed.stdout.splitlines()}
    for page in tracked.intersection(PAGES):
        for link in links(page.read_text()):
            path = link.partition("#")[0]
            target = (page.parent / path).resolve()
            if path and "://" not in path and target.is_file():
                assert target in tracked, f"{page.name}: {link}"


def test_links_to_other_sites_are_encrypted():
    """Whether they are still there: python -m sphinx -b linkcheck -c docs . runs/links"""
    outside = [link for page in PAGES for link in links(page.read_text()) if "://" in link]
    assert outside and all(link.startswith("https://") for link in outside)
