"""Tables in which single cells change and nothing else."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.exporting.sheet import Sheet, number


def sheet(path, data: bytes) -> Sheet:
    path.write_bytes(data)
    return Sheet(path, "a table")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_filled_cell_is_all_that_changes(tmp_path, encoding, end):
    lines = ["Identifier,Full name,Grade", 'P 1,"Müller, ""Anna""  ",', 'P 2,  Ben ,"3"']
    before = end.join(lines).encode(encoding)
    table = sheet(tmp_path / "a.csv", before)
    assert table.encoded() == before
    assert table.cell(1, 1) == 'Müller, "Anna"'
    table.fill(1, 2, "61.5")
    table.fill(2, 2, "96")
    expected = before.decode(encoding).replace('  ",', '  ",61.5').replace('"3"', '"96"')
    assert table.encoded() == expected.encode(encoding)


def test_texts_are_quoted_where_the_file_needs_it(tmp_path):
    table = sheet(tmp_path / "a.csv", b"a;b\n1;\n2\n")
    table.fill(1, 1, 'x; "y"')
    table.fill(2, 1, "<p>two,\nlines</p>")
    rows = list(csv.reader(io.StringIO(table.encoded().decode(), newline=""), delimiter=";"))
    assert rows == [["a", "b"], ["1", 'x; "y"'], ["2", "<p>two,\nlines</p>"]]


@settings(deadline=None)  # each writes a file
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_through_untouched(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("sheet") / "a.csv"
    data = text.encode()
    assert sheet(path, data).encoded() == data


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5)


@settings(deadline=None)
@given(ROWS, CELLS, st.sampled_from(",;\t"))
def test_cells_are_those_that_csv_reads(tmp_path_factory, rows, text, delimiter):
    path = tmp_path_factory.mktemp("sheet") / "a.csv"
    out = io.StringIO()
    header = ["first", *(f"c{place}" for place in range(len(rows[0])))]
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    table = sheet(path, out.getvalue().encode())
    assert table.delimiter == delimiter
    assert [table.cell(row + 1, column) for row, cells in enumerate(rows) for column in range(len(cells))] == [
        cell.strip() for cells in rows for cell in cells
    ]
    table.fill(1, 0, text)
    read = list(csv.reader(io.StringIO(table.encoded().decode(), newline=""), delimiter=delimiter))
    assert read == [header, [text, *rows[0][1:]], *rows[1:]]


@pytest.mark.parametrize(
    ("cells", "mark"), [(["96,00", ""], ","), (["96.00"], "."), (["96"], "."), ([], "."), (["1,5", "1.5"], ".")]
)
def test_decimal_mark_of_the_file(tmp_path, cells, mark):
    table = sheet(tmp_path / "a.csv", "\n".join(["x;y", *(f"a;{cell}" for cell in cells)]).encode())
    assert table.decimal_mark([1]) == mark


def test_numbers_of_cells():
    assert [number(text) for text in ("96.00", "96,5", " 3 ", "", "-", "1.2.3", "1e3", "EX")] == [
        96.0, 96.5, 3.0, None, None, None, None, None,
    ]  # fmt: skip


def test_what_is_no_table_is_told(tmp_path):
    with pytest.raises(UsageError, match="expected a table, found an empty file"):
        sheet(tmp_path / "a.csv", b"")
    with pytest.raises(UsageError, match="expected a table, found none that can be read"):
        Sheet(tmp_path / "none.csv", "a table")
