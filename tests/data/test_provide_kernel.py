"""Magics, shell lines and prompts in a real kernel."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

import grader.probe
from grader.data import PreparedAssets

HARMLESS = (
    "%pip install torchsummary",
    "!pip install -q torchsummary",
    "!python -m pip install torchsummary",
    "%conda install x",
    "%matplotlib inline",
    "%matplotlib notebook",
    "%matplotlib widget",
    "%config InlineBackend.figure_format = 'retina'",
    "%load_ext tensorboard",
    "%load_ext autoreload\n%autoreload 2",
    "%tensorboard --logdir runs",
    "%cd /content/drive/MyDrive/missing",
    "!nvidia-smi",
    "%%time\nx = 1",
    "%%capture\n!apt-get install -y unzip",
    "!wget -q https://archive.ics.uci.edu/static/public/591/gender+by+name.zip && unzip -o gender+by+name.zip",
    "assert open('name_gender_dataset.csv').readline().startswith('Name')",
    "assert open('/content/drive/name_gender_dataset.csv').readline().startswith('Name')",
    "assert int(input('Class: ')) == 1",
    "from getpass import getpass\nassert getpass() == ''",
    "import seaborn as sns, plotly.express as px\nfrom torchsummary import summary\nsns.set_theme()\nsummary(1, (2,))",
    "import torchvision\nassert torchvision.models.feature_extraction.create_feature_extractor\n"
    "assert torchvision.transforms.v2.Compose and not hasattr(torchvision.models, 'resnet19')",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
)


@pytest.fixture(scope="module")
def notebook(prepared: PreparedAssets, tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "grader_kernel_side").symlink_to(Path(grader.probe.__file__).parent / "kernel_side")
    start = (
        f"import sys\nsys.path.insert(0, {str(folder)!r})\n"
        "from grader_kernel_side.provide import install\n"
        f"install({str(prepared.folder)!r}, redirect_cuda=False, note=lambda event: None)\n"
    )
    cells = [nbformat.v4.new_code_cell(source) for source in (start, *HARMLESS)]
    made = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        made, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return made


@pytest.mark.parametrize("number", range(len(HARMLESS)), ids=lambda number: HARMLESS[number].partition("\n")[0])
def test_line_does_no_harm(notebook: nbformat.NotebookNode, number: int) -> None:
    outputs = notebook.cells[number + 1].outputs
    assert [output for output in outputs if output.output_type == "error"] == []


def test_install_itself_succeeds(notebook: nbformat.NotebookNode) -> None:
    assert notebook.cells[0].outputs == []


def test_figures_are_pictures_in_the_notebook(notebook: nbformat.NotebookNode) -> None:
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[-1].outputs)
