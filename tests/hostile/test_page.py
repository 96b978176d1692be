"""The page for security offices tells of every attack, as it is tested."""

from __future__ import annotations

from tests.hostile.__main__ import PAGE, rows
from tests.hostile.exam import ATTACKS
from tests.support.pages import part


def test_the_table_is_the_one_of_the_suite() -> None:
    table = part(PAGE, "table").splitlines()
    assert [line.split(" | ")[:3] for line in table[2:]] == [line.split(" | ")[:3] for line in rows({})[2:]]
    for line in table[2:]:
        seen = line.split(" | ")[3]
        assert "docker" in seen, line
        assert "bubblewrap" in seen, line
    assert len(table) == len(ATTACKS) + 2
