"""Runs a notebook in a sandboxed kernel and keeps the kernel for questions."""

from grader.execution.gpus import GpuSlots, open_on_gpu
from grader.execution.kernel import Job, LiveKernel, LiveNotebook, Progress, open_notebook
from grader.execution.loop import stop_all

__all__ = ["GpuSlots", "Job", "LiveKernel", "LiveNotebook", "Progress", "open_notebook", "open_on_gpu", "stop_all"]
