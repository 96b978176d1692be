"""Which tests share a worker: those that look for what sandboxes leave behind must not see each other's."""

from __future__ import annotations

import pytest

WITHOUT_SANDBOXES = (
    "intake",
    "probe",
    "reference",
    "reporting",
    "rubrics",
    "scoring",
    "test_architecture",
    "test_course",
)


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts everything that starts sandboxes into one group; the rest goes to whichever worker is free."""
    for item in items:
        part = item.nodeid.removeprefix("tests/").split("/")[0].partition(".py")[0]
        if part not in WITHOUT_SANDBOXES:
            item.add_marker(pytest.mark.xdist_group("sandboxes"))
