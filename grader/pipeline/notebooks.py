"""One notebook: executed and scored, or scored from its journal, whichever costs less and says the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from grader.course import Assignment, Question
from grader.data import PreparedAssets
from grader.errors import StorageError
from grader.journal import Head, Journal, RecordedKernel, Recording, RecordingKernel, files_digest, notebook_digest
from grader.journal import digest as hashed
from grader.notebook import ExecutedNotebook
from grader.pipeline.reruns import FATAL, RUNS, culprit, merged, without
from grader.pipeline.scoring import Scorer
from grader.pipeline.values import Archive, Bench, Decided, Opened, Order, Report, Timing

log = logging.getLogger("grader")


@dataclass(frozen=True)
class Work:
    """A notebook to grade.

    Attributes:
        student: Name of the student.
        assignment: Its assignment.
        name: File name as uploaded.
        notebook: The notebook, or None where only its journal is left.
        files: Relative path → uploaded file, for the working folder.
        answers: What the student typed into the exam page.
        seed: Of the notebook and its probes.
        key: Of the journal, where there is no notebook to make it from.
    """

    student: str
    assignment: Assignment
    name: str
    notebook: NotebookNode | None
    files: Mapping[str, Path]
    answers: Mapping[str, Any]
    seed: int
    key: str = ""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that are decided by asking a kernel."""
        return tuple(question for question in self.assignment.questions if question.kind == "code")


@dataclass
class Scored:
    """A notebook's decisions.

    Attributes:
        executed: How its cells went.
        decided: Question id → decision.
        key: Of its journal, or ``""``.
        needs_kernel: Questions that the journal does not answer, where nothing may be executed.
    """

    executed: ExecutedNotebook
    decided: dict[str, Decided]
    key: str = ""
    needs_kernel: list[str] = field(default_factory=list)


class NotebookGrader:
    """Grades one notebook.

    Args:
        bench: What all submissions share.
        work: The notebook.
        timing: Gets the time that execution took.
        report: Told what is done.
    """

    def __init__(self, bench: Bench, work: Work, timing: Timing, report: Report) -> None:
        self._bench, self._work, self._timing, self._report = bench, work, timing, report

    def grade(self) -> Scored:
        """Decides every code question.

        Raises:
            InfrastructureError: The sandbox, the journal or the disk failed.
        """
        archive, notebook = self._bench.archive, self._work.notebook
        if archive is None:
            assets = self._assets(notebook)
            executed, decided, _ = self._live(assets, self._work.questions, self._scorer(assets))
            return Scored(executed, decided)
        if notebook is None:
            head = archive.journals.head(self._work.key)
            if head is None:
                message = f"{archive.journals.path(self._work.key)}: there is no such journal."
                raise StorageError(message, hint="Grade the submissions again.")
            return self._from_journal(archive, self._work.key, head, None)
        assets = self._assets(notebook)
        facts = self._facts(archive, assets, notebook)
        key = hashed(facts)
        with archive.journals.lock(key, self._bench.stop.is_set):
            return self._recorded(archive, key, assets) or self._executed(archive, key, facts, assets)

    def _recorded(self, archive: Archive, key: str, assets: PreparedAssets) -> Scored | None:
        """What an earlier execution says, or None where there is none that would go the same way today."""
        try:
            head = None if archive.fresh else archive.journals.head(key)
            if head is None or (head.limited and head.facts.get("limits") != dict(archive.limits)):
                return None
            return self._from_journal(archive, key, head, assets)
        except StorageError as fault:
            log.warning("%s", fault)
            return None

    def _executed(self, archive: Archive, key: str, facts: Mapping[str, Any], assets: PreparedAssets) -> Scored:
        executed, decided, recording = self._live(assets, self._work.questions, self._scorer(assets))
        if not self._bench.stop.is_set():
            head = Head(key, executed, {**facts, "limits": dict(archive.limits)}, _limited(executed))
            archive.journals.save(Journal(head, (recording,)))
            archive.decisions.keep(key, self._digests(archive), decided)
        return Scored(executed, decided, key)

    def _from_journal(self, archive: Archive, key: str, head: Head, assets: PreparedAssets | None) -> Scored:
        """Scores what is not decided yet from the recordings; what these lack needs the kernel, for that alone."""
        self._timing.replayed += 1
        digests = self._digests(archive)
        decided = dict(archive.decisions.known(key, digests))
        open_ones = [question for question in self._work.questions if question.id not in decided]
        if not open_ones:
            return Scored(head.executed, decided, key)
        assets = assets or self._assets_of(head)
        scorer = self._scorer(assets)
        # The inputs of probes come from the seed of the execution: others were never asked.
        scorer.seed = int(head.facts.get("seed", scorer.seed))
        scorer.recall(decided)
        lacking = open_ones
        if head.facts.get("assets") == assets.folder.name:
            found = self._replay(archive, key, open_ones, scorer)
            decided |= found
            archive.decisions.keep(key, digests, found)
            lacking = [question for question in open_ones if question.id not in found]
        if not lacking:
            return Scored(head.executed, decided, key)
        names = [question.id for question in lacking]
        if self._bench.open_notebook is None:
            return Scored(head.executed, {**archive.decisions.latest(key, names), **decided}, key, names)
        _, again, recording = self._live(assets, lacking, scorer)
        if not self._bench.stop.is_set():
            journal = archive.journals.load(key)
            if journal is not None:
                archive.journals.save(journal.with_recording(replace(recording, questions=tuple(names))))
            archive.decisions.keep(key, digests, again)
        return Scored(head.executed, {**decided, **again}, key)

    def _replay(self, archive: Archive, key: str, questions: Sequence[Question], scorer: Scorer) -> dict[str, Decided]:
        """Decisions from the recordings, without the questions that these do not answer."""
        journal = archive.journals.load(key)
        if journal is None:
            return {}
        wanted: dict[int, set[str]] = {}
        for question in questions:
            wanted.setdefault(journal.recordings.index(journal.recording(question.id)), set()).add(question.id)
        decided: dict[str, Decided] = {}
        for number, names in wanted.items():
            recording = journal.recordings[number]
            kernel = RecordedKernel(recording)
            asked = self._asked(recording, names)
            found = scorer.score(journal.head.executed, kernel, asked, _without_misses(kernel))
            decided |= {ident: decision for ident, decision in found.items() if ident in names}
        return decided

    def _asked(self, recording: Recording, wanted: set[str]) -> list[Question]:
        """The questions that the live kernel was asked for, up to the last one that is wanted.

        What a kernel says depends on what it was asked before: equal requests get their answers in order.
        """
        own = [question for question in self._work.questions if question.id in (recording.questions or {question.id})]
        last = max(at for at, question in enumerate(own) if question.id in wanted)
        return own[: last + 1]

    def _live(
        self, assets: PreparedAssets, questions: Sequence[Question], scorer: Scorer
    ) -> tuple[ExecutedNotebook, dict[str, Decided], Recording]:
        """Runs the notebook; when a cell ended the kernel, runs it once more without that cell to see the rest."""
        notebook, first = self._work.notebook, None
        if notebook is None:
            message = "a notebook of which only the journal is left is not executed"
            raise ValueError(message)
        for again in range(RUNS):
            with self._open(notebook, assets) as opened:
                executed = opened.executed
                self._timing.cells_s += executed.duration_s
                self._timing.startup_s += executed.startup_s
                cell = culprit(executed)
                if cell is None or again == RUNS - 1 or self._bench.stop.is_set():
                    whole = replace(merged(first, executed), stand_ins=assets.stand_ins)
                    kernel = RecordingKernel(opened.kernel)
                    decided = scorer.score(whole, kernel, questions)
                    return whole, decided, kernel.recording()
            first = executed if first is None else merged(first, executed)
            notebook = without(notebook, cell)
        message = "unreachable: the loop returns"
        raise AssertionError(message)

    def _open(self, notebook: NotebookNode, assets: PreparedAssets) -> AbstractContextManager[Opened]:
        work, opener = self._work, self._bench.open_notebook
        if opener is None:
            message = "this run executes nothing"
            raise ValueError(message)

        def on_cell(index: int, count: int) -> None:
            self._report(f"assignment {work.assignment.id}, cell {index + 1} of {count}")

        self._report(f"assignment {work.assignment.id}, starting")
        return opener(Order(notebook, work.name, work.files, assets, work.seed, on_cell))

    def _scorer(self, assets: PreparedAssets) -> Scorer:
        work = self._work
        rubric = self._bench.rubrics[work.assignment.id]
        return Scorer(work.assignment, rubric, work.student, work.answers, assets, work.seed, self._report)

    def _assets(self, notebook: NotebookNode | None) -> PreparedAssets:
        if notebook is None:
            message = "a notebook that could not be read is not executed"
            raise ValueError(message)
        return self._bench.prepare(self._work.assignment.id, [str(cell.source) for cell in notebook.cells])

    def _assets_of(self, head: Head) -> PreparedAssets:
        return self._bench.prepare(self._work.assignment.id, [cell.source for cell in head.executed.cells])

    def _facts(self, archive: Archive, assets: PreparedAssets, notebook: NotebookNode) -> dict[str, Any]:
        """The parts of the journal's key."""
        return {
            "assignment": self._work.assignment.id,
            "notebook": notebook_digest(notebook),
            "files": files_digest(_data_files(self._work.files)),
            "assets": assets.folder.name,
            "environment": dict(archive.environment),
            "seed": self._work.seed,
        }

    def _digests(self, archive: Archive) -> dict[str, str]:
        """Question id → hash of the code and the typed answers that a decision depends on."""
        work = self._work
        answers = hashed(dict(work.answers))
        return {question.id: hashed([archive.rubrics[question.id], answers]) for question in work.questions}


def _data_files(files: Mapping[str, Path]) -> dict[str, Path]:
    """What a notebook may work on: not the notebooks, whose metadata change with every save, nor the typed answers."""
    own = (".ipynb", "answers.yaml", "answers.yml")
    return {name: path for name, path in files.items() if not name.lower().endswith(own)}


def _without_misses(kernel: RecordedKernel) -> Callable[[], bool]:
    """Whether no question was left without an answer since it was last asked."""

    def complete() -> bool:
        missed = bool(kernel.misses)
        kernel.misses.clear()
        return not missed

    return complete


def _limited(executed: ExecutedNotebook) -> bool:
    """Whether other limits could have made the notebook go another way."""
    stopped = executed.fault in FATAL or any(cell.status == "timeout" or cell.truncated for cell in executed.cells)
    return stopped or bool(executed.shortened)
