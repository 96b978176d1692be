"""No isolation at all: for a student's own notebook on the student's own machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

from grader.errors import SandboxUnavailableError
from grader.sandbox import gpu
from grader.sandbox.environment import LAUNCHER, Launch, launch_arguments, variables
from grader.sandbox.process import ChildProcess
from grader.sandbox.types import InsidePaths, SandboxSpec


class LocalBackend:
    """An ordinary process with the rights of whoever runs Grader.

    Memory is watched and time is limited, files and network are not.
    """

    name = "local"
    identity = ""

    def describe(self) -> str:
        """One line for people."""
        return "local (NO isolation: notebooks run with your rights, can read your files and use the network)"

    def check(self) -> None:
        """Sees that this interpreter can start processes.

        Raises:
            SandboxUnavailableError: On a system without POSIX processes.
        """
        if os.name != "posix":
            raise SandboxUnavailableError(
                "The local sandbox needs a POSIX system.", hint="Use Linux, macOS or WSL, or the Docker sandbox."
            )

    def gpus(self) -> tuple[str, ...]:
        """GPUs of this machine, where its PyTorch can use them."""
        return gpu.usable_here()

    def inside(self, spec: SandboxSpec) -> InsidePaths:
        """The same paths as outside, since nothing is mounted."""
        home = spec.folder / "home"
        return InsidePaths(
            python=sys.executable,
            exchange=PurePosixPath(spec.exchange),
            work=PurePosixPath(home / "work"),
            home=PurePosixPath(home),
            assets=PurePosixPath(spec.assets or spec.folder / "no-assets"),
            libraries=PurePosixPath(spec.folder / "lib"),
            uploads=PurePosixPath(spec.uploads or spec.folder / "no-uploads"),
        )

    def start(self, spec: SandboxSpec) -> ChildProcess:
        """Starts the process.

        Raises:
            SandboxError: It could not be started.
        """
        inside = self.inside(spec)
        libraries = Path(inside.libraries)
        libraries.mkdir(exist_ok=True)
        for name, source in spec.libraries.items():
            (libraries / name).symlink_to(source, target_is_directory=source.is_dir())
        scratch = spec.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        env = variables(spec, inside, path) | {"TMPDIR": str(scratch)}
        if spec.gpus:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(spec.gpus)
        command = launch_arguments(spec, inside, Launch(str(LAUNCHER)))
        return ChildProcess(command, env, memory_mib=spec.limits.memory_mib)
