"""What students get back: their own report and nothing of the staff's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.exporting import files
from grader.exporting.types import Export, LeftOut, Person


def publish_folder(people: Sequence[Person], out: Path, *, with_json: bool = False) -> Export:
    """Copies reports as ``<out>/<student>/report.html``.

    Args:
        people: Those who get a report; members of a group share one folder.
        out: The folder; other files that are there stay.
        with_json: Whether ``report.json`` goes along.

    Raises:
        UsageError: The folder cannot be written.
    """
    export = Export()
    members = list(_members(people, export, with_json=with_json))
    for name, source in members:
        files.write_file(out / name, source.read_bytes())
        export.written = out
    if members:
        own = {Path(name) for name, _ in members}
        others = sorted(
            str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and path.relative_to(out) not in own
        )
        if others:
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            export.notes.append(f"{out} also has what was not written now: {', '.join(others[:3])}{more}")
    return export


def publish_zip(people: Sequence[Person], out: Path, *, with_json: bool = False) -> Export:
    """The same in one archive: ``<student>/report.html``.

    Raises:
        UsageError: A report cannot be read, or the archive cannot be written.
    """
    export = Export()
    members = list(_members(people, export, with_json=with_json))
    if members:
        files.write_zip(out, members)
        export.written = out
    return export


def _members(people: Sequence[Person], export: Export, *, with_json: bool) -> Iterator[tuple[str, Path]]:
    done: set[Path] = set()
    for person in people:
        if person.page_fault:
            export.left_out.append(LeftOut(person.student, person.page_fault))
            continue
        export.exported.append(person.student)
        if person.folder in done:
            continue
        done.add(person.folder)
        yield f"{person.folder.name}/report.html", person.page
        if with_json:
            yield f"{person.folder.name}/report.json", person.folder / "report.json"
