"""Nothing of the grader's own reaches a student's report: no reference, no probe, no other student, no path."""

import ast
import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import pytest

import reference
import rubrics
from grader.course import load_course
from grader.intake import NotebookFile, Submission
from grader.notebook import ExecutedNotebook
from grader.pipeline import Bench, Order, grade_submission
from grader.probe.types import Answer, Request
from grader.reporting import write_student
from grader.rubric_modules import load_rubrics
from tests.reporting import showing
from tests.reporting.pages import parse
from tests.support import harness

PACK = Path(rubrics.__file__).parent
SAMPLE = Path(__file__).parents[2] / "submissions" / "jonas"
OTHERS = {"secret_of_another_student_4711", "Otherwise Unheard-of Answer 4712", "Ottokar the Other"}
PATH = re.compile(r"(?<![\w.:/])/(?:home|tmp|root|work|usr|opt|var|etc|mnt|srv|proc)/[\w.-]+")


class Listening:
    """A kernel that notes what it is asked."""

    def __init__(self, kernel, heard: set[str]) -> None:
        self._kernel, self._heard = kernel, heard

    def ask(self, request: Request) -> Answer:
        self._heard.update(_strings(request.params))
        self._heard.update(request.tensors)
        return self._kernel.ask(request)


class Run:
    def __init__(self, executed: ExecutedNotebook, kernel: Listening) -> None:
        self.executed, self.kernel = executed, kernel


def _strings(data) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _strings(key)
            yield from _strings(value)
    elif isinstance(data, (list, tuple)):
        for part in data:
            yield from _strings(part)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Pages of a graded student in all forms, its sources, and what the kernels were asked."""
    heard: set[str] = set()
    sources: list[str] = []

    @contextlib.contextmanager
    def opener(order: Order):
        cells = [("#md " if cell.cell_type != "code" else "") + cell.source for cell in order.notebook.cells]
        student = harness.run_cells(cells, assignment=order.name[-7])
        try:
            yield Run(student.notebook, Listening(student.kernel, heard))
        finally:
            harness.close(student)

    course = load_course(PACK)

    def prepare(assignment, cells):
        return harness._prepared(harness._store().names_for(assignment, cells))

    bench = Bench(course, load_rubrics(course, PACK), prepare, opener, "none")
    other = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("secret_of_another_student_4711 = {c: i for i, c in enumerate('abc')}")]
    )
    _grade(bench, "Ottokar the Other", {"2": other}, {"1a": "Otherwise Unheard-of Answer 4712"})
    notebooks = {ident: nbformat.read(SAMPLE / f"assignment{ident}.ipynb", 4) for ident in ("1", "2")}
    for notebook in notebooks.values():
        sources += [cell.source for cell in notebook.cells]
    result = _grade(bench, "jonas", notebooks, {"1b": "The derivative is w / (KM)."})
    folder = tmp_path_factory.mktemp("reports")
    pages = {}
    for reveal in (False, True):
        for language in ("en", "de"):
            write_student(result, folder, showing.options(language, reveal=reveal))
            pages[language, reveal] = (folder / "report.html").read_text(encoding="utf-8")
    pages["json", False] = (folder / "report.json").read_text(encoding="utf-8")
    return result, pages, "\n".join(sources), heard


def _grade(bench: Bench, name: str, notebooks, answers):
    files = {ident: NotebookFile(f"assignment{ident}.ipynb", None, notebook) for ident, notebook in notebooks.items()}
    submission = Submission(name, answers=answers, notebooks=files, folder=Path(__file__).parent)
    done = grade_submission(bench, submission, {}, lambda what: None)
    assert not done.faults
    return done.result


def test_the_run_has_what_could_leak(run):
    result, pages, _, heard = run
    assert any(question.exhibits for question in result.questions)
    assert len(heard) > 50
    assert all("jonas" in page for page in pages.values())


def test_no_other_student_is_in_it(run):
    for page in run[1].values():
        assert not [text for text in OTHERS if text in page]


def test_no_name_of_the_reference_is_in_it(run):
    _, pages, sources, _ = run
    names = set(_defined(Path(next(iter(reference.__path__)))))
    # everyday words such as "elements" are no names to anybody
    made_up = {name for name in names if re.search(r"[_./]|[a-z][A-Z]", name)}
    hidden = {name for name in made_up if len(name) >= 8 and name not in sources}
    assert len(hidden) > 15
    for key, page in pages.items():
        # right answers may name what everybody calls so, e.g. ElmanNetwork
        known = _text_of_course() if key[1] else ""
        assert not [name for name in hidden if re.search(rf"\b{name}\b", page) and name not in known], key


def _defined(folder: Path) -> Iterator[str]:
    """Functions and classes of the reference modules, and where they lie."""
    for path in folder.glob("*.py"):
        yield f"reference.{path.stem}"
        yield f"reference/{path.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("__"):
                yield node.name


def _text_of_course() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in PACK.glob("*.toml"))


def test_no_probe_is_in_it(run):
    """What kernels were asked in the grader's own words does not come back."""
    _, pages, sources, heard = run
    shown = _text_of_course() + sources
    ours = {text.strip() for text in heard if len(text.strip()) >= 7 and not _is_known(text.strip(), shown)}
    assert len(ours) > 10
    for key, page in pages.items():
        assert not [text for text in ours if text in page], key


def _is_known(text: str, shown: str) -> bool:
    """Whether the student may know it all the same: it is in the notebook, or an everyday word of Python's."""
    return text in shown or text in {"evaluate", "getitem", "forward", "builtins", "inventory", "positional"}


def test_no_module_of_the_grader_and_no_path_is_in_it(run):
    for key, page in run[1].items():
        words = re.sub(r"data:image/\w+;base64,[A-Za-z0-9+/=]+", "", page)
        assert not re.search(r"\b(?:rubrics|grader)\.(?!report\b)\w+|kernel_side|Traceback", words), key
        assert not PATH.search(words), (key, PATH.search(words))


def test_right_answers_wait_for_the_deadline(run):
    _, pages, sources, _ = run
    texts = showing.texts("en")
    lost = [one.id for question in run[0].questions for one in question.criteria if one.outcome == "not-met"]
    rights = [texts.right(ident).text for ident in lost if texts.right(ident).text]
    assert len(rights) > 5
    closed, revealed = (parse_text(pages["en", reveal]) for reveal in (False, True))
    for right in rights:
        assert right not in closed
        assert right in sources or right in revealed, right
    assert "Reference:" not in pages["en", False]
    assert "Reference:" in pages["en", True]


def parse_text(page: str) -> str:

    return parse(page).text
