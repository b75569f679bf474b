"""The golden vectors themselves: complete, explained, and never changed by accident."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.json"))


def test_vectors_are_as_they_were_frozen() -> None:
    """A bucket or an operator that comes out differently is a break for every user."""
    frozen = dict(line.split()[::-1] for line in (HERE / "CHECKSUMS").read_text().splitlines())

    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES}

    assert found == frozen


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_cases_have_names_of_their_own_and_reasons(file: Path) -> None:
    """Whoever fails a case can find it and read why."""
    content = json.loads(file.read_text())

    names = [case["name"] for case in content["cases"]]

    assert len(set(names)) == len(names)
    assert all(case["reason"] for case in content["cases"])
    assert set(content["format"]) | {"name", "reason"} == set(content["cases"][0])
