"""The labelled notebooks of each assignment, from the banks that the rubrics' own tests use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.fidelity.bank import stored
from tests.fidelity.cases import Case, Label, pairs
from tests.fidelity.merging import difference
from tests.rubrics.assignment1.bank_border import BORDER
from tests.rubrics.assignment1.bank_combined import COMBINED
from tests.rubrics.assignment1.bank_exam import EXAM
from tests.rubrics.assignment1.bank_faults import FAULTS
from tests.rubrics.assignment1.bank_free_faults import FREE_FAULTS, WRITTEN
from tests.rubrics.assignment1.bank_free_faults_map import MAP_FAULTS
from tests.rubrics.assignment1.bank_free_odd import ODD
from tests.rubrics.assignment1.bank_more import MORE
from tests.rubrics.assignment1.bank_right import RIGHT
from tests.rubrics.assignment1.bank_strange import STRANGE
from tests.rubrics.assignment2.bank import C_FUNCTION, E_LINEAR, IMPORTS, STYLES
from tests.rubrics.assignment2.faults import C_CASES, D_CASES, D_SMALL, E_CASES, F_CASES, F_RIGHT, Faulty
from tests.rubrics.assignment2.forms import FORM_CASES
from tests.rubrics.assignment2.whole import Whole, faulty_notebooks, right_notebooks
from tests.rubrics.assignment2.whole import pairs as whole_pairs
from tests.rubrics.assignment3 import faults as faults3
from tests.rubrics.assignment3.cohort import notebooks as cohort3
from tests.rubrics.assignment3.more_styles import MORE_STYLES
from tests.rubrics.assignment3.pieces import RIGHT as RIGHT3
from tests.rubrics.assignment3.styles import STYLES as STYLES3

_CREDIT = {"met", "carried"}
CONTRADICTIONS: Mapping[frozenset[str], str] = {
    frozenset(
        {"fault: not_normalized", "fault: normalized_image"}
    ): "an image that never is normalized is the original one",
}
"""Pairs of faults of which one takes away what the other is about, and why; no label fits them."""


def cases(assignment: str) -> list[Case]:
    """All cases of an assignment: right ones, single faults, pairs, and the stored notebooks."""
    found = [*{"1": _first, "2": _second, "3": _third}[assignment](), *stored(assignment)]
    unique: dict[str, Case] = {}
    for case in found:
        unique.setdefault(case.name, case)
    return list(unique.values())


# -- assignment 1 -----------------------------------------------------------------------------------------------


def _first() -> Iterator[Case]:
    styles = {**RIGHT, **MORE}
    for name, cells in {**styles, **WRITTEN, **ODD}.items():
        yield Case(f"right: {name}", "1", tuple(cells))
    free = {**FREE_FAULTS, **MAP_FAULTS}
    by_style: dict[str, list[Case]] = {}
    banks = {"fault": FAULTS, "combined": COMBINED, "border": BORDER, "exam": EXAM, "free": free, "strange": STRANGE}
    for kind, bank in banks.items():
        for name, given in bank.items():
            lost = _labels(given.lost)
            case = Case(f"{kind}: {name}", "1", tuple(given.cells), lost, {}, len(lost))
            yield case
            nearest = min(styles, key=lambda style: difference(styles[style], case.cells))
            if kind == "fault" and lost and difference(styles[nearest], case.cells) < 10**6:
                by_style.setdefault(nearest, []).append(case)
    for style, faulty in by_style.items():
        yield from (
            pair for pair in pairs(styles[style], faulty) if frozenset(pair.name.split(" + ")) not in CONTRADICTIONS
        )


def _labels(lost: Mapping[str, str]) -> dict[str, Label]:
    return {
        criterion: Label(kind, 0.0 if kind == "not-met" else None)
        for criterion, kind in lost.items()
        if kind not in _CREDIT
    }


# -- assignment 2 -----------------------------------------------------------------------------------------------


def _second() -> Iterator[Case]:
    for name, style in STYLES.items():
        yield Case(f"right: {name}", "2", tuple(style.cells()))
    for name, given in FORM_CASES.items():
        lost = _labels(given.expected)
        yield Case(f"items: {name}", "2", tuple(given.cells), lost, given.answers, len(lost))
    base = _whole_second()
    single = [
        *_singles("2c", C_CASES, lambda case: {"c": case.cells[2], "d": case.cells[4]}),
        *_singles("2d", D_CASES, lambda case: {"d": case.cells[4]}),
        *_singles("2e", E_CASES, lambda case: {"e": case.cells[-2] if len(case.cells) > 3 else case.cells[-1]}),
        *_singles("2f", F_CASES, lambda case: {"f": case.cells[-1]}),
    ]
    yield from single
    yield from pairs(base, single)
    yield from _free_second()


def _free_second() -> Iterator[Case]:
    """The notebooks in many people's styles."""
    for name, given in right_notebooks().items():
        yield _free_case(f"right: {name}", given, 0)
    for name, given in faulty_notebooks().items():
        yield _free_case(f"whole: {name}", given, 1)
    for name, given in whole_pairs():
        yield _free_case(f"whole: {name}", given, 2)


def _free_case(name: str, given: Whole, faults: int) -> Case:
    lost = {criterion: Label("partial" if share else "not-met", share) for criterion, share in given.lost.items()}
    return Case(name, "2", given.cells, lost, given.answers, faults)


def _whole_second(**parts: str) -> tuple[str, ...]:
    parts = {"c": C_FUNCTION, "d": D_SMALL, "e": E_LINEAR, "f": F_RIGHT, **parts}
    small = parts["d"].replace("('name_gender_dataset.csv'))", "('name_gender_dataset.csv').head(310))")
    network = parts["e"].replace("24 * K", "20 * K")  # the longest of these names has 20 letters
    return (IMPORTS, "#md 2(c)", parts["c"], "#md 2(d)", small, "#md 2(e)", network, "#md 2(f)", parts["f"])


def _singles(question: str, bank: Mapping[str, Faulty], parts: Callable[[Faulty], dict[str, str]]) -> Iterator[Case]:
    for name, given in bank.items():
        lost = _labels(given.expected)
        if name == "nothing" or not lost:
            continue
        cells = _whole_second(**parts(given))
        yield Case(f"{question}: {name}", "2", cells, lost, given.answers, 1)


# -- assignment 3 -----------------------------------------------------------------------------------------------


def _third() -> Iterator[Case]:
    for name, cells in {**STYLES3, **MORE_STYLES}.items():
        yield Case(f"right: {name}", "3", tuple(cells))
    single = [_third_case(name, given) for name, given in faults3.FAULTS.items()]
    yield from single
    for bank in (cohort3.right, cohort3.whole, cohort3.faulty, cohort3.several):
        yield from bank()
    yield from pairs(RIGHT3, [case for case in single if len(case.cells) == len(RIGHT3)])


def _third_case(name: str, given: faults3.Fault) -> Case:
    lost = {criterion: Label(wanted.kind, wanted.fraction) for criterion, wanted in given.lost.items()}
    return Case(f"fault: {name}", "3", tuple(given.cells), lost, given.answers, 1)
