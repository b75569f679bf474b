"""Files for streams, and files that streams never get."""

from __future__ import annotations

import resource

import pytest

from flaghoist_server.serve.files import streams_that_fit


@pytest.mark.parametrize(
    ("files", "streams"), [(20_000, 19_744), (1024, 768), (300, 150), (resource.RLIM_INFINITY, 0)]
)
def test_streams_leave_files_for_whoever_wants_to_kill_a_flag(
    monkeypatch: pytest.MonkeyPatch, files: int, streams: int
) -> None:
    """256 of many, half of few."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))

    assert streams == streams_that_fit()
