"""The pages for application developers: their examples run, their settings and fields exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flaghoist import Status, flags
from flaghoist.link.settings import Options

PAGES = Path(__file__).parents[2] / "docs" / "sdk"
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first to the last, as they are read: without a server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLAGHOIST_OFFLINE", "1")
    namespace: dict[str, object] = {"__name__": page.stem, "flags": flags}
    try:
        for number, example in enumerate(FENCE.findall(page.read_text()), 1):
            exec(compile(example, f"{page.name}, example {number}", "exec"), namespace)
    finally:
        flags.close()


def test_every_setting_is_told() -> None:
    """An option that nobody can find is none."""
    page = (PAGES / "deployment.md").read_text()

    assert [] == [name for name in Options.__annotations__ if f"`{name}`" not in page]


def test_every_field_of_status_is_told() -> None:
    """And no other."""
    page = (PAGES / "deployment.md").read_text()
    table = page[page.index("| field |") : page.index("## Logs")]

    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(Status._fields) == sorted(told)


def test_links_between_pages_lead_somewhere() -> None:
    """Relative ones."""
    wrong = [
        (page.name, target)
        for page in PAGES.glob("*.md")
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert [] == wrong
