"""Runs a notebook in a sandboxed kernel and keeps the kernel for questions."""

from grader.execution.kernel import Job, LiveKernel, LiveNotebook, Progress, open_notebook
from grader.execution.loop import stop_all

__all__ = ["Job", "LiveKernel", "LiveNotebook", "Progress", "open_notebook", "stop_all"]
