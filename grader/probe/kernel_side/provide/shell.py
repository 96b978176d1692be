"""``!`` and ``%`` lines: programs that need a network are replaced, magics that need more than a kernel do no harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from .provision import Provision

_HERE = os.path.dirname(os.path.abspath(__file__))

_INSTALLERS = ("pip", "conda", "mamba", "micromamba", "uv")


def install(provision: Provision) -> None:
    """Puts the programs first on the path and replaces magics, where there is IPython."""
    os.environ["GRADER_PYTHON"] = sys.executable
    os.environ["GRADER_TOOLS"] = os.path.join(_HERE, "tools.py")
    os.environ["GRADER_OFFERS"] = provision.folder
    os.environ["PIP_NO_INDEX"] = "1"  # a pip that is reached by its full path fails at once instead of retrying
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    folder = _programs()
    if folder:
        os.environ["PATH"] = folder + os.pathsep + os.environ.get("PATH", os.defpath)
    _replace_pip_subprocesses()
    _replace_magics()


def _programs() -> str:
    """A folder of the programs from which the system lets them run, or ``""``."""
    shipped = os.path.join(_HERE, "bin")
    if _runs(shipped):
        return shipped
    folder = os.path.join(tempfile.mkdtemp(prefix="bin-"), "bin")  # for archives that lose the right to execute
    shutil.copytree(shipped, folder)
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o700)
    return folder if _runs(folder) else ""


def _runs(folder: str) -> bool:
    return os.access(os.path.join(folder, "wget"), os.X_OK)


def _replace_pip_subprocesses() -> None:
    """``subprocess.run([sys.executable, "-m", "pip", …])`` ends well, too."""
    begin = subprocess.Popen.__init__

    def init(self: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
        if isinstance(args, (list, tuple)) and [str(word) for word in args[1:3]] == ["-m", "pip"]:
            args = [sys.executable, "-I", os.environ["GRADER_TOOLS"], "pip", *args[3:]]
        begin(self, args, *rest, **kwargs)

    setattr(subprocess.Popen, "__init__", init)  # noqa: B010 -- assigning to a method is what type checkers forbid


def _replace_magics() -> None:
    interactive = sys.modules.get("IPython")
    shell: Any = interactive.get_ipython() if interactive is not None else None
    if shell is None:
        return
    for name in _INSTALLERS:
        shell.register_magic_function(_installer(name), "line", name)
    for name in ("tensorboard", "wandb"):
        shell.register_magic_function(lambda line, cell=None: None, "line", name)
    _inline_figures(shell)
    _optional_extensions(shell)


def _installer(name: str) -> Any:
    def magic(line: str) -> None:
        print(f"{name} {line.strip()}: nothing is installed while grading")

    return magic


def _inline_figures(shell: Any) -> None:
    """Figures of every backend become pictures in the notebook."""
    original = shell.find_line_magic("matplotlib")
    if original is None:
        return

    def matplotlib(line: str) -> Any:
        return original(line if line.strip().startswith("-") else "inline")

    shell.register_magic_function(matplotlib, "line", "matplotlib")


def _optional_extensions(shell: Any) -> None:
    original = shell.find_line_magic("load_ext")
    if original is None:
        return

    def load_ext(line: str) -> Any:
        try:
            return original(line)
        except ImportError:
            print(f"The extension {line.strip()} is not there while grading.")
            return None

    shell.register_magic_function(load_ext, "line", "load_ext")
