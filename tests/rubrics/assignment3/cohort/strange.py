"""Uploads that hold no answer, or none that runs: nothing of them may break a rubric."""

from __future__ import annotations

STRANGE: dict[str, tuple[str, ...]] = {
    "no cell": (),
    "markdown only": ("#md # Assignment 3", "#md I did not manage this one."),
    "empty cells": ("", "   ", "# nothing"),
    "syntax errors": ("import torch\nfor", "class Net(nn.Module\n  def", "loss.backward(", "print('a"),
    "names only": ("Net = 3\ntrain_loader = 'x'\nmodel = None\ndevice = []", "model.train()"),
    "another assignment": (
        "import torch\nfrom torch import nn\nrnn = nn.RNN(27, 16, batch_first=True)\nhead = nn.Linear(16, 1)",
        "x = torch.zeros(4, 9, 27)\nout, _ = rnn(x)\nprint(head(out[:, -1]).shape)",
        "opt = torch.optim.Adam([*rnn.parameters(), *head.parameters()])\nfor _ in range(3):\n    opt.zero_grad()\n"
        "    loss = nn.functional.binary_cross_entropy_with_logits(head(rnn(x)[0][:, -1])[:, 0], torch.ones(4))\n"
        "    loss.backward()\n    opt.step()\n    print(loss.item())",
    ),
    "ends at once": ("import sys\nsys.exit(0)", "raise KeyboardInterrupt", "raise SystemExit"),
    "hides names": (
        "list = dict = len = print = str = None",
        "import torch\ntorch.nn.Conv2d = None\ntorch.optim = None",
        "class Net(torch.nn.Module):\n    def __getattr__(self, name):\n        raise RuntimeError(name)\nnet = Net()",
    ),
    "odd objects": (
        "import torch\nfrom torch.utils.data import Dataset, DataLoader\nclass D(Dataset):\n"
        "    def __len__(self):\n        return -1\n    def __getitem__(self, i):\n        return object()\nd = D()",
        "class L(DataLoader):\n    def __iter__(self):\n        raise ValueError\n    def __len__(self):\n"
        "        raise ValueError\nl = L([1, 2], batch_size=None)",
        "class N(torch.nn.Module):\n    def forward(self, *a, **k):\n        return {'x': [None, torch.tensor(float('nan'))]}\n"
        "n = N()\nprint(n(1))",
        "m = torch.nn.Sequential()\nm.append(m)",
    ),
    "network of nothing": (
        "import torch\nfrom torchvision.datasets import SVHN\nfrom torchvision.transforms import ToTensor\n"
        "a = SVHN('x', download=True, transform=ToTensor())\nl = torch.utils.data.DataLoader(a, 16, shuffle=True)",
        "class Net(torch.nn.Module):\n    pass\nnet = Net()",
        "for epoch in range(10):\n    for x, y in l:\n        pass",
    ),
}
