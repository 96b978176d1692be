"""Notebooks that are no proper answer, or that hold objects nobody expects: nothing of it may break the rubric."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, lost
from tests.rubrics.assignment1.bank_free_forms import FORMS
from tests.rubrics.assignment1.bank_free_networks import NETWORKS
from tests.rubrics.assignment1.notebooks import altered, notebook

NOTHING = lost(
    *("1c.pretrained", "1c.logits", "1c.feature-map"),
    *(f"1d.{name}" for name in ("size", "normalize", "batch", "eval", "extract")),
    *(f"1e.{name}" for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")),
)
STRANGE: dict[str, Case] = {}

STRANGE["empty"] = Case([], NOTHING)
STRANGE["only_markdown"] = Case(["#md # Assignment 1", "#md I did not manage."], NOTHING)
STRANGE["syntax_errors_everywhere"] = Case([f"{cell}\ndef def\n" for cell in FORMS["short"]], NOTHING)
STRANGE["brackets_and_binary"] = Case(
    ["((((" * 300, "\x00\x01", "def f(:\n\tpass\n  pass", "print(1", "%%unknown\n???", "!!"], NOTHING
)
STRANGE["another_assignment"] = Case(
    notebook("""
import torch
from torch import nn
# %%
letters = "abcdefghijklmnopqrstuvwxyz-"
def encode(c):
    v = torch.zeros(27)
    v[letters.index(c.lower())] = 1
    return v
class Net(nn.Module):
    def __init__(self, D=27, K=64, O=1):
        super().__init__()
        self.w1, self.wr, self.w2 = nn.Linear(D, K), nn.Linear(K, K), nn.Linear(K, O)
    def forward(self, x):
        h = torch.zeros(x.shape[0], self.wr.in_features)
        for s in range(x.shape[1]):
            h = torch.tanh(self.w1(x[:, s]) + self.wr(h))
        return self.w2(h)
net = Net()
x = torch.stack([torch.stack([encode(c) for c in name]) for name in ("anna", "otto")])
opt = torch.optim.Adam(net.parameters())
for epoch in range(2):
    loss = nn.functional.binary_cross_entropy_with_logits(net(x)[:, 0], torch.tensor([0.0, 1.0]))
    opt.zero_grad(); loss.backward(); opt.step()
"""),
    NOTHING,
)
STRANGE["objects_that_raise"] = Case(
    [
        *NETWORKS["two_halves"],
        """
class Evil:
    def __getattr__(self, name): raise RuntimeError(name)
    def __len__(self): raise ValueError("len")
    def __bool__(self): raise ValueError("bool")
    def __eq__(self, other): raise ValueError("eq")
    def __hash__(self): raise ValueError("hash")
    def __repr__(self): raise ValueError("repr")
    def __iter__(self): raise ValueError("iter")
    def __call__(self, *args): raise KeyboardInterrupt
    @property
    def shape(self): raise OSError("shape")
evil, evils = Evil(), [Evil(), Evil()]
class EvilModule(torch.nn.Module):
    def forward(self, x, class_idx=3): raise SystemExit(3)
evil_module = EvilModule()
def recursion(class_idx): return recursion(class_idx)
def endless_list():
    a = []; a.append(a); return a
me = endless_list()
""",
        """
import numpy as np
odd = {
    (1, 2): np.array([object(), None], dtype=object), b"x": np.ma.masked_array([1.0, 2.0], [True, False]),
    None: torch.zeros(2, 2).to_sparse(), 3.5: torch.empty(3, device="meta"), "c": torch.zeros(2, dtype=torch.complex64),
    "nan": torch.full((7, 7), float("nan")), "inf": np.full((224, 224), np.inf), "none": torch.zeros(0, 512, 7, 7),
    "str": np.array(["a", "b"]), "date": np.array(["2020-01-01"], dtype="datetime64"), "void": np.zeros(2, dtype="i4,f4"),
}
big = torch.zeros(1).expand(10**6, 10**3)
quantized = torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8)
nested = [[[[[[odd]]]]]]
""",
    ]
)
STRANGE["network_under_a_shadowed_name"] = Case(
    altered(
        FORMS["short"],
        (
            "m = torchvision.models.resnet18(weights='DEFAULT').eval()",
            "from torchvision.models import resnet18\nresnet18 = resnet18(weights='DEFAULT').eval()\nm = resnet18",
        ),
    )
)
NAN_PICTURE = altered(
    FORMS["short"],
    ("img = to_tensor(resize(Image.open('image.jpg'), (224, 224)))", "img = torch.full((3, 224, 224), float('nan'))"),
)
