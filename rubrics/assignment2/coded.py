"""The data set as it would be if the function of 2(c) returned the codes that it only makes or prints."""

from __future__ import annotations

from grader.probe.types import Request
from grader.scoring import Student
from rubrics.assignment2.clean import among_names
from rubrics.assignment2.data import DataSet
from rubrics.assignment2.encoding import Encoding
from rubrics.assignment2.facts import cell_name, facts
from rubrics.assignment2.question_c import judged

_RETURNING = """
import torch
probe_codes = {codes!r}
def {name}(char, *args, **kwargs):
    return torch.tensor(probe_codes.get(char, probe_codes.get(str(char).lower())))
"""


def coded_data_set(student: Student) -> DataSet | None:
    """The data set with codes that 2(c)'s functions return; use it with ``student.find``.

    The notebook's cells run again in a copy of the namespace, up to the first step of a training, with other functions
    in place of those in the cell where the codes were seen.
    """
    if not student.lost("2c.available"):
        return None
    found, given = student.find(facts), student.find(judged).given
    if given is None or given.cell is None or not given.one_hot:
        return None
    functions = [
        one for one in found.entries("functions") if one.get("cell") == given.cell and not one.get("is_method")
    ]
    names = sorted({str(one.get("name")) for one in functions if "." not in str(one.get("name"))})
    cells = student.notebook.code_cells
    if not names or not cells:
        return None
    sources = []
    for cell in cells:
        sources.append(cell.source)
        sources += [_returning(name, given) for name in names] if cell.index == given.cell else []
    request = {"sources": sources, "names": {}, "budget_s": 40.0, "max_steps": 1, "seed": student.seed}
    answer = student.ask(Request("rerun", request, timeout_s=220))
    return among_names(student, found, answer, f"{cell_name(given.cell)}, had it returned the codes", clean=False)


def _returning(name: str, given: Encoding) -> str:
    return _RETURNING.format(name=name, codes={char: list(code) for char, code in given.codes.items()})
