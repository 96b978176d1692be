"""The tables that the harness prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.fidelity.judging import Judged, Verdict


@dataclass
class Count:
    """Figures of a question or criterion; a false deduction is a point lost that the label does not take."""

    graded: int = 0
    exact: int = 0
    false_deductions: int = 0
    missed: int = 0
    review: int = 0
    faults: int = 0

    def add(self, verdicts: Iterable[Verdict]) -> None:
        """Counts the verdicts of one notebook."""
        some = list(verdicts)
        self.graded += 1
        self.faults += any(verdict.wanted != "full" for verdict in some)
        self.exact += all(verdict.right for verdict in some)
        self.false_deductions += any(v.wanted == "full" and v.got in {"not-met", "partial"} for v in some)
        self.missed += any(v.wanted != "full" and v.got not in {v.wanted, "review"} for v in some)
        self.review += any(v.got == "review" and v.wanted != "review" for v in some)

    def row(self, name: str) -> str:
        """A line of the table."""
        share = 100 * self.exact / self.graded if self.graded else 0
        figures = (
            self.graded,
            self.faults,
            self.exact,
            f"{share:.1f} %",
            self.false_deductions,
            self.missed,
            self.review,
        )
        return f"| {name} | " + " | ".join(str(figure) for figure in figures) + " |"


HEAD = "| | notebooks | with a fault here | exact | | false deductions | faults missed | review |\n|" + " --- |" * 8


def page(results: Sequence[Judged]) -> str:
    """All tables."""
    lines = []
    for title, depth in (("By question", 2), ("By criterion", None)):
        counts: dict[str, Count] = {}
        total = Count()
        for result in results:
            groups: dict[str, list[Verdict]] = {}
            for verdict in result.verdicts:
                groups.setdefault(verdict.criterion[:depth], []).append(verdict)
            for name, verdicts in groups.items():
                counts.setdefault(name, Count()).add(verdicts)
                total.add(verdicts)
        lines += [f"### {title}", HEAD, *(counts[name].row(name) for name in sorted(counts)), total.row("**all**"), ""]
    return "\n".join([_summary(results), "", *lines])


def _summary(results: Sequence[Judged]) -> str:
    lines = ["| assignment | right solutions | all points | one fault | exact | more faults | exact | broke |"]
    lines.append("|" + " --- |" * 8)
    for assignment in sorted({result.assignment for result in results}):
        mine = [result for result in results if result.assignment == assignment]
        figures: list[int] = []
        for wanted in (lambda n: n == 0, lambda n: n == 1, lambda n: n > 1):
            group = [result for result in mine if wanted(result.faults)]
            figures += [len(group), sum(not result.wrong and not result.broken for result in group)]
        figures.append(sum(bool(result.broken) for result in mine))
        lines.append(f"| {assignment} | " + " | ".join(str(figure) for figure in figures) + " |")
    return "\n".join(lines)


def disagreements(results: Sequence[Judged]) -> list[str]:
    """Lines on the cases whose grades are not those of the label."""
    lines = []
    for result in results:
        if result.broken or result.wrong:
            lines.append(f"{result.assignment} {result.name}: {result.broken}".rstrip(": "))
            for verdict in result.wrong:
                lines.append(
                    f"    {verdict.criterion}: wanted {verdict.wanted}, got {verdict.got} | {verdict.saw[:160]}"
                )
    return lines
