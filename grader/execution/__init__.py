"""Runs a notebook in a sandboxed kernel and keeps the kernel for questions."""

from grader.execution.kernel import Job, LiveKernel, LiveNotebook, Progress, open_notebook

__all__ = ["Job", "LiveKernel", "LiveNotebook", "Progress", "open_notebook"]
