"""What the report says about the end of an execution, in a student's words."""

from __future__ import annotations

from grader.sandbox import Limits

_SIGNALS = {
    132: "an illegal instruction",
    134: "an abort from inside a library",
    135: "a bus error",
    136: "an arithmetic fault",
    139: "a segmentation fault",
}


def cell_too_long(cell: int, limits: Limits, *, stopped: bool) -> str:
    """A cell ran into its time limit; ``stopped`` says whether the kernel survived."""
    said = f"Cell {cell} ran longer than the {_duration(limits.cell_timeout_s)} allowed for a cell and was stopped"
    return f"{said}." if stopped else f"{said}; it did not react, so the cells after it could not run."


def training_cut_short(cell: int, budget_s: float) -> str:
    """The passes of a long training were cut short."""
    return (
        f"The training in cell {cell} would have taken long: after {_duration(budget_s)}, each further pass over the "
        "data had only a few batches. What was seen until then was graded; `grade --full` lets the training run."
    )


def notebook_too_long(cell: int, limits: Limits) -> str:
    """The notebook ran into its time limit."""
    return (
        f"The notebook as a whole ran longer than the {_duration(limits.notebook_timeout_s)} allowed; "
        f"it was stopped in cell {cell}, and the cells after it did not run."
    )


def out_of_memory(cell: int, limits: Limits) -> str:
    """The sandbox ran out of memory."""
    return (
        f"Cell {cell} needed more memory than the {limits.memory_mib / 1024:.3g} GiB allowed, "
        "so the notebook was stopped there and the cells after it did not run."
    )


def failed_on_gpu(cell: int) -> str:
    """A cell failed on the GPU as it cannot fail without one."""
    return (
        f"Cell {cell} failed on the GPU, so the notebook was executed again without one; "
        "what was seen there was graded."
    )


def too_much_output(cell: int, limits: Limits) -> str:
    """The notebook showed more than it may."""
    return (
        f"Cell {cell} produced more output than the {limits.output_mib} MiB allowed for a notebook, "
        "so the notebook was stopped there and the cells after it did not run."
    )


def output_cut(cell: int) -> str:
    """Something that a cell showed was left out."""
    return f"Cell {cell} showed more than is kept: the beginning and the end of its text, and its first pictures."


def kernel_ended(cell: int, status: int | None) -> str:
    """The kernel ended in a cell without our doing."""
    if status in _SIGNALS:
        how = f"Cell {cell} crashed Python itself ({_SIGNALS[status]})"
    elif status is None or status > 128:
        how = f"Python was ended from outside while cell {cell} ran"
    else:
        how = f"Cell {cell} ended the Python process (exit status {status})"
    return f"{how}, so the cells after it did not run."


def broken_protocol(cell: int) -> str:
    """The kernel sent what no kernel sends."""
    return f"Cell {cell} disturbed the connection to the notebook, so the cells after it did not run."


def too_many_files(cell: int) -> str:
    """The exchange folder was filled."""
    return f"Cell {cell} wrote too much into a folder that is not the notebook's, so the notebook was stopped there."


def uploads_left_out(names: list[str]) -> str:
    """Uploaded files that are not in the working folder."""
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"These uploaded files were not given to the notebook, being links, special files or too big: {listed}."


def _duration(seconds: float) -> str:
    if seconds >= 120:
        return f"{seconds / 60:.3g} minutes"
    return f"{seconds:.3g} seconds"
