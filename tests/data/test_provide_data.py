# ruff: noqa: E501 -- pieces of notebook code
"""Every way by which a notebook may ask for data, one piece of code each; none may touch the network."""

from __future__ import annotations

from typing import Any

import pytest

SNIPPETS = {
    "svhn_download": """
from torchvision import datasets, transforms
train = datasets.SVHN(root="./data", split="train", download=True, transform=transforms.ToTensor())
test = datasets.SVHN("/content/drive/MyDrive/data", "test", transforms.ToTensor(), None, True)
assert train._grader_download and test._grader_download
assert len(train) == 600 and len(test) == 200 and train[0][0].shape == (3, 32, 32)
assert set(train.labels) == set(range(10)) and train.filename == "train_32x32.mat"
assert "Split: train" in repr(train) and "Number of datapoints: 600" in repr(train)
assert train.data.shape == (600, 3, 32, 32) and isinstance(train[0][1], int)
""",
    "svhn_without_download": """
from torchvision.datasets import SVHN
data = SVHN(root="nowhere", split="extra")
assert len(data) == 100 and not data._grader_download
""",
    "svhn_twice": """
from torchvision.datasets import SVHN
SVHN(root="d", split="train", download=True)
assert len(SVHN(root="d", split="train", download=True)) == 600
""",
    "svhn_subclass": """
from torchvision.datasets import SVHN
class Mine(SVHN):
    def __init__(self, root):
        super().__init__(root=root, split="test", download=True)
    def __getitem__(self, index):
        return super().__getitem__(index)[1]
data = Mine("here")
assert len(data) == 200 and isinstance(data[0], int) and isinstance(data, SVHN) and data._grader_download
""",
    "svhn_loader_with_workers": """
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
data = datasets.SVHN("data", "test", transforms.ToTensor(), download=True)
x, y = next(iter(DataLoader(data, batch_size=50, num_workers=1, pin_memory=True)))
assert x.shape == (50, 3, 32, 32) and y.dtype == torch.int64
""",
    "svhn_mat_by_url": """
import urllib.request, scipy.io
urllib.request.urlretrieve("http://ufldl.stanford.edu/housenumbers/train_32x32.mat", "t.mat")
m = scipy.io.loadmat("t.mat")
assert m["X"].shape == (32, 32, 3, 600) and m["y"].max() == 10
assert scipy.io.loadmat("/home/me/test_32x32.mat")["X"].shape[3] == 200
""",
    "svhn_by_download_url": """
from torchvision.datasets.utils import download_url, download_and_extract_archive
download_url("http://ufldl.stanford.edu/housenumbers/test_32x32.mat", "d", md5="eb5a983be6a315427106f1b164d9cef3")
""",
    "resnet_weights_enum": """
import torch, torchvision
from torchvision.models import resnet18, ResNet18_Weights
a = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
b = resnet18(weights="DEFAULT")
c = torchvision.models.get_model("resnet18", weights="IMAGENET1K_V1")
d = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
assert torch.equal(a.fc.weight, b.fc.weight) and torch.equal(a.fc.weight, c.fc.weight)
assert torch.equal(a.fc.weight, d["fc.weight"])
assert not torch.equal(a.fc.weight, resnet18().fc.weight)
""",
    "resnet_pretrained": """
import warnings
from torchvision import models
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    models.resnet18(pretrained=True)
assert any("deprecated" in str(w.message) for w in caught)
""",
    "resnet_torch_hub": """
import torch
a = torch.hub.load("pytorch/vision:v0.10.0", "resnet18", pretrained=True)
b = torch.hub.load("pytorch/vision", "resnet18", weights="IMAGENET1K_V1", trust_repo=True)
assert torch.equal(a.fc.weight, b.fc.weight)
assert "resnet18" in torch.hub.list("pytorch/vision")
""",
    "resnet_state_dict_url": """
import torch, os
url = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
a = torch.hub.load_state_dict_from_url(url)
b = torch.hub.load_state_dict_from_url(url, model_dir="mine", check_hash=True)
c = torch.hub.load_state_dict_from_url("https://download.pytorch.org/models/resnet18-5c106cde.pth")
assert torch.equal(a["fc.weight"], b["fc.weight"]) and torch.equal(a["fc.weight"], c["fc.weight"])
assert os.path.exists("mine/resnet18-f37072fd.pth")
""",
    "resnet_state_dict_file": """
import torch
assert "fc.weight" in torch.load("/content/drive/MyDrive/resnet18-f37072fd.pth", weights_only=True)
""",
    "hub_other_repository_fails": """
import torch, urllib.error
try:
    torch.hub.load("someone/else:main", "net", trust_repo=True)
except urllib.error.URLError as error:
    assert "no network while grading" in str(error)
else:
    raise AssertionError
""",
    "csv_in_working_folder": """
import pandas as pd
table = pd.read_csv("name_gender_dataset.csv")
assert list(table.columns) == ["Name", "Gender", "Count", "Probability"] and len(table) >= 1000
""",
    "csv_elsewhere": r"""
import csv, pathlib, pandas as pd
n = len(pd.read_csv("name_gender_dataset.csv"))
for path in ("/content/drive/MyDrive/DL/name_gender_dataset.csv", r"C:\Users\me\Desktop\name_gender_dataset.csv",
             "../data/name_gender_dataset.csv", "names.csv", "data/Gender_by_name.csv"):
    assert len(pd.read_csv(path)) == n, path
with open("data/name_gender_dataset.csv", newline="", encoding="utf-8") as file:
    assert len(list(csv.reader(file))) == n + 1
assert pathlib.Path("x/name_gender_dataset.csv").read_text().startswith("Name,Gender")
""",
    "csv_own_file_is_untouched": """
import pandas as pd
pd.DataFrame({"a": [1]}).to_csv("mine.csv", index=False)
assert list(pd.read_csv("mine.csv").columns) == ["a"]
assert list(pd.read_csv("/content/mine.csv").columns) == ["a"]
""",
    "csv_by_urllib": """
import io, urllib.request, zipfile
url = "https://archive.ics.uci.edu/static/public/591/gender+by+name.zip"
data = urllib.request.urlopen(url).read()
assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["name_gender_dataset.csv"]
path, headers = urllib.request.urlretrieve(url, "g.zip")
assert int(headers["Content-Length"]) == len(data)
request = urllib.request.Request("https://archive.ics.uci.edu/ml/machine-learning-databases/00591/name_gender_dataset.csv")
with urllib.request.urlopen(request) as response:
    assert response.status == 200 and response.readline() == b"Name,Gender,Count,Probability\\n"
""",
    "csv_by_requests": """
import io, requests, zipfile
url = "https://archive.ics.uci.edu/static/public/591/gender+by+name.zip"
for get in (requests.get, requests.Session().get):
    answer = get(url, stream=True)
    answer.raise_for_status()
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["name_gender_dataset.csv"]
chunks = b"".join(requests.get(url, stream=True).iter_content(1000))
assert chunks == requests.get(url).content
""",
    "csv_by_urllib3": """
import urllib3
body = urllib3.PoolManager().request("GET", "https://archive.ics.uci.edu/static/public/591/data.csv").data
assert body.startswith(b"Name,")
""",
    "csv_by_pandas_url": """
import pandas as pd
n = len(pd.read_csv("name_gender_dataset.csv"))
assert len(pd.read_csv("https://archive.ics.uci.edu/static/public/591/gender+by+name.zip")) == n
assert len(pd.read_csv("https://archive.ics.uci.edu/ml/machine-learning-databases/00591/name_gender_dataset.csv")) == n
""",
    "csv_from_missing_archive": """
import zipfile
with zipfile.ZipFile("gender+by+name.zip") as archive:
    archive.extractall("data")
assert open("data/name_gender_dataset.csv").readline().startswith("Name")
""",
    "csv_by_ucimlrepo": """
from ucimlrepo import fetch_ucirepo
found = fetch_ucirepo(id=591)
assert list(found.data.features.columns) == ["Name", "Gender", "Count", "Probability"]
assert found.data.targets is None and found.metadata.uci_id == 591 and len(found.data.original) >= 1000
assert list(found.variables.name) == ["Name", "Gender", "Count", "Probability"]
""",
    "csv_by_ucimlrepo_not_installed": """
import sys
sys.modules.pop("ucimlrepo", None)
spare = next(f for f in reversed(sys.meta_path) if type(f).__module__.endswith("provide.modules"))
module = type(sys)("ucimlrepo"); module.__name__ = "ucimlrepo"
spare.exec_module(module)
found = module.fetch_ucirepo(id=591)
assert list(found.data.features.columns) == ["Name", "Gender", "Count", "Probability"]
assert found["metadata"]["name"] == "Gender by Name"
""",
    "csv_by_wget_module": """
import wget
assert wget.download("https://archive.ics.uci.edu/static/public/591/gender+by+name.zip") == "gender+by+name.zip"
assert wget.download("https://archive.ics.uci.edu/static/public/591/gender+by+name.zip", out="o.zip") == "o.zip"
""",
    "unknown_addresses_fail": """
import requests, urllib.error, urllib.request, pandas as pd
for call, kind in ((urllib.request.urlopen, urllib.error.URLError), (requests.get, requests.exceptions.ConnectionError),
                   (pd.read_csv, urllib.error.URLError)):
    try:
        call("https://example.org/unknown.bin")
    except kind as error:
        assert "no network while grading" in str(error), error
    else:
        raise AssertionError(call)
""",
    "local_addresses_still_work": """
import pathlib, urllib.request
pathlib.Path("a.txt").write_text("x")
assert urllib.request.urlopen(pathlib.Path("a.txt").resolve().as_uri()).read() == b"x"
""",
    "picture_in_working_folder": """
from PIL import Image
picture = Image.open("image.jpg")
assert picture.size == (500, 375) and picture.mode == "RGB"
assert events[-1]["stand_in"] and events[-1]["size"] == [500, 375] and len(events) == 1, events
""",
    "picture_missing_pil": r"""
from PIL import Image
for path in ("dog.png", "/content/drive/MyDrive/cat.JPG", r"C:\Users\me\cat.jpeg", "pictures/cat", "/content/image.jpg"):
    with Image.open(path) as picture:
        assert picture.convert("RGB").size == (500, 375)
assert [e["stand_in"] for e in events] == [True] * 5 and events[0]["path"] == "dog.png", events
""",
    "picture_missing_cv2": """
cv2 = __import__("cv2")
assert cv2.imread("dog.png").shape == (375, 500, 3)
assert len(events) == 1
""",
    "picture_missing_torchvision": """
from torchvision.io import read_image, decode_image, read_file
import torchvision
assert read_image("dog.png").shape == (3, 375, 500)
assert torchvision.io.read_image("/x/dog.jpg").shape == (3, 375, 500)
assert decode_image(read_file("cat.jpg")).shape == (3, 375, 500)
assert len(events) == 3, events
""",
    "picture_missing_matplotlib": """
import matplotlib.pyplot as plt, matplotlib.image as mpimg
assert plt.imread("dog.png").shape == (375, 500, 3) and mpimg.imread("/x/dog.jpg").shape == (375, 500, 3)
""",
    "picture_missing_open": """
import io, pathlib
from PIL import Image
with open("/content/elephant.jpg", "rb") as file:
    assert Image.open(file).size == (500, 375)
assert Image.open(io.BytesIO(pathlib.Path("cat.webp").read_bytes())).size == (500, 375)
assert [e["path"] for e in events] == ["/content/elephant.jpg", "cat.webp"]
""",
    "picture_own_file": """
from PIL import Image
import numpy as np
Image.fromarray(np.zeros((4, 6, 3), dtype=np.uint8)).save("mine.png")
assert Image.open("mine.png").size == (6, 4)
assert Image.open("/content/mine.png").size == (6, 4)
assert [e["stand_in"] for e in events] == [False, False] and events[0]["size"] == [6, 4], events
""",
    "picture_by_url": """
import io, requests, urllib.request
from PIL import Image
url = "https://upload.wikimedia.org/wikipedia/commons/thumb/1/18/Dog.jpg/640px-Dog.jpg"
assert Image.open(requests.get(url, stream=True).raw).size == (500, 375)
assert Image.open(io.BytesIO(requests.get(url).content)).size == (500, 375)
assert Image.open(urllib.request.urlopen(url)).size == (500, 375)
urllib.request.urlretrieve("https://github.com/pytorch/hub/raw/master/images/dog.jpg", "dog.jpg")
assert Image.open("dog.jpg").size == (500, 375)
assert all(e["e"] == "picture" and e["stand_in"] for e in events)
""",
    "missing_picture_is_still_missing_for_writing": """
try:
    open("nowhere/x.jpg", "wb")
except FileNotFoundError:
    pass
else:
    raise AssertionError
try:
    open("unknown.bin")
except FileNotFoundError as error:
    assert error.filename == "unknown.bin"
else:
    raise AssertionError
""",
    "imagenet_labels": """
import json, requests, urllib.request
url = "https://raw.githubusercontent.com/pytorch/hub/master/imagenet_classes.txt"
assert len(requests.get(url).text.strip().split("\\n")) == 1000
index = json.load(urllib.request.urlopen("https://s3.amazonaws.com/deep-learning-models/image-models/imagenet_class_index.json"))
assert len(index) == 1000 and len(index["0"]) == 2
url = "https://raw.githubusercontent.com/anishathalye/imagenet-simple-labels/master/imagenet-simple-labels.json"
assert len(requests.get(url).json()) == 1000
assert len(open("imagenet_classes.txt").readlines()) == 1000
""",
    "colab": """
from google.colab import drive, files
import google.colab
drive.mount("/content/drive")
given = files.upload()
assert "image.jpg" in given and given["image.jpg"][:2] == b"\\xff\\xd8"
import io, pandas as pd
assert len(pd.read_csv(io.BytesIO(given["name_gender_dataset.csv"]))) >= 1000
google.colab.files.download("x")
""",
    "missing_folder": """
import os
here = os.getcwd()
os.chdir("/content/drive/MyDrive/exam")
assert os.getcwd() == here
os.mkdir("sub"); os.chdir("sub")
assert os.getcwd() != here
""",
    "shell_tools": """
import subprocess, os, zipfile
url = "https://archive.ics.uci.edu/static/public/591/gender+by+name.zip"
def sh(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr
assert sh(f"wget {url}")[0] == 0 and zipfile.is_zipfile("gender+by+name.zip")
assert sh(f"wget -q -O a.zip '{url}'")[0] == 0 and zipfile.is_zipfile("a.zip")
assert sh(f"wget -qO b.zip {url} && wget -nc -P sub {url}")[0] == 0 and zipfile.is_zipfile("sub/gender+by+name.zip")
assert sh(f"curl -L -o c.zip {url} && curl -sSLO {url} && curl -Lo d.zip {url}")[0] == 0
assert zipfile.is_zipfile("c.zip") and zipfile.is_zipfile("d.zip")
os.remove("name_gender_dataset.csv")
assert sh("unzip -o c.zip -d out")[0] == 0 and os.path.exists("out/name_gender_dataset.csv")
assert sh("unzip -o missing_gender.zip")[0] == 0 and os.path.exists("name_gender_dataset.csv")
code, text = sh("wget https://example.org/x.bin")
assert code == 4 and "no network while grading" in text
assert sh("curl https://example.org/x.bin")[0] == 6
for line in ("pip install torchsummary", "pip3 install -q x", "python -m pip install x", "conda install y",
             "apt-get install -y z", "nvidia-smi"):
    assert sh(line)[0] == 0, line
assert sh("python -c 'print(1+1)'") == (0, "2\\n")
import sys
subprocess.check_call([sys.executable, "-m", "pip", "install", "torchsummary"])
assert os.system("pip install x > /dev/null") == 0
""",
    "prompts": """
assert int(input("Number: ")) == 1 and input("Image path: ") == "image.jpg" and input("first name?") == "Anna"
try:
    while input() != "q":
        pass
except EOFError:
    pass
assert events[0] == {"e": "input", "prompt": "Number: ", "answer": "1"}
""",
}


@pytest.fixture(scope="module")
def results(run_snippets: Any) -> Any:
    return run_snippets(SNIPPETS, after="import torchvision, pandas, requests, matplotlib.pyplot, cv2")


@pytest.mark.parametrize("name", SNIPPETS)
def test_usual_call_finds_the_data(results: Any, name: str) -> None:
    assert results[name]["error"] == ""


FORK_SERVER = {
    name: SNIPPETS[name] for name in ("svhn_download", "svhn_twice", "resnet_weights_enum", "picture_missing_pil")
}


@pytest.fixture(scope="module")
def late_results(run_snippets: Any) -> Any:
    return run_snippets(FORK_SERVER, before="import torch, torchvision, PIL.Image, requests, pandas")


@pytest.mark.parametrize("name", FORK_SERVER)
def test_libraries_that_were_imported_before_are_covered(late_results: Any, name: str) -> None:
    assert late_results[name]["error"] == ""
