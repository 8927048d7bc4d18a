"""Every page has a title and one main heading, and nothing inline that the security policy would block."""

import re
from pathlib import Path

import pytest

from tests.rules.source import ROOT

TEMPLATES = ROOT / "templates"
ALL = sorted(TEMPLATES.rglob("*.html"))


def _is_mail(path: Path) -> bool:
    return "mail" in path.relative_to(TEMPLATES).parts


PAGES = [
    path for path in ALL if path.name != "base.html" and not path.name.startswith("_") and not _is_mail(path)
]


def _id(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


def test_there_are_pages_to_check() -> None:
    assert len(PAGES) > 10, "no templates found: is the folder `templates/` complete?"


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_a_page_extends_the_base_and_sets_its_title(page: Path) -> None:
    text = page.read_text()
    assert re.search(r"\{%-? extends ['\"][\w/-]*base\.html['\"]", text), f"{_id(page)}: extend base.html"
    assert re.search(r"\{%-? block (page_?[tT]itle|title) ", text) or "set title" in text, (
        f"{_id(page)}: set the title"
    )


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_a_page_has_one_main_heading(page: Path) -> None:
    text = page.read_text()
    plain = len(re.findall(r"<h1[\s>]", text))
    by_macro = text.count("isPageHeading")
    # Branches of one `if` may each hold the heading; the running page is checked for exactly one by `browse`.
    branches = text.count("{% else") + text.count("{% elif") + 1
    assert 1 <= plain + by_macro <= branches, f"{_id(page)}: one h1 a page, found {plain + by_macro}"


@pytest.mark.parametrize("template", ALL, ids=_id)
def test_nothing_is_inline_and_nothing_is_marked_safe(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), f"{_id(template)}: put scripts into app/static"
    assert not re.search(r"\son\w+=\"", text), f"{_id(template)}: no inline event handlers"
    assert _is_mail(template) or not re.search(r"\sstyle=", text), (
        f"{_id(template)}: put styles into app/static"
    )
    assert "|safe" not in text.replace(" ", ""), f"{_id(template)}: nothing a person typed may be marked safe"
    assert "autoescape false" not in text, f"{_id(template)}: keep escaping on"


@pytest.mark.parametrize("template", ALL, ids=_id)
def test_a_template_decides_nothing(template: Path) -> None:
    clever = re.findall(r"\{%-? (?:do|call \(|macro \w+\([^)]{120,})", template.read_text())
    assert not clever, f"{_id(template)}: compute in the view; a template has if and for: {clever}"
