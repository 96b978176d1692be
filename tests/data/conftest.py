from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import grader.probe
from grader.data import AssetStore, PreparedAssets

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> AssetStore:
    return AssetStore(tmp_path_factory.mktemp("assets"))


@pytest.fixture(scope="session")
def prepared(store: AssetStore) -> PreparedAssets:
    return store.prepare()


@pytest.fixture(scope="session")
def run_snippets(prepared: PreparedAssets, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs pieces of code as cells of notebooks; returns error and events of each."""

    def run(
        snippets: Mapping[str, str], *, before: str = "import torch", after: str = "", redirect_cuda: bool = True
    ) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("snippets")
        (folder / "grader_kernel_side").symlink_to(Path(grader.probe.__file__).parent / "kernel_side")
        job, result = folder / "job.json", folder / "result.json"
        job.write_text(
            json.dumps({"snippets": dict(snippets), "before": before, "after": after, "redirect_cuda": redirect_cuda})
        )
        script = Path(__file__).with_name("snippets.py")
        command = [sys.executable, str(script), str(folder), str(prepared.folder), str(job), str(result)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default", "MPLBACKEND": "agg"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(result.read_text())

    return run
