"""Networks and encodings that fail because of one slip: what is right behind it keeps its points."""

from __future__ import annotations

from tests.rubrics.assignment2.bank import C_FUNCTION, E_LINEAR
from tests.rubrics.assignment2.faults import CARRIED, D_SIMPLE, NOT, REVIEW, Faulty, cd, changed, e, f

_TRAINED_ON_NOTHING = """
net = Elman(27, 16, 1)
with torch.no_grad():
    for parameter in net.parameters():
        parameter.fill_(float('nan'))
net(torch.rand(8, 24, 27))
"""

_STATE = "        h, z = torch.zeros(self.K), []\n"
E_SLIPS = {
    "W1 turned": e(changed(E_LINEAR, ("nn.Linear(D, K)", "nn.Linear(K, D)")), input=NOT),
    "Wr of the input's size": e(changed(E_LINEAR, ("nn.Linear(K, K)", "nn.Linear(D, K)")), recurrent=NOT),
    "nothing returned": e(changed(E_LINEAR, ("return self.W2(h)", "z = self.W2(h)")), output=NOT),
    "no start": e(
        changed(E_LINEAR, ("        h = torch.zeros(x.size(0), self.K, device=x.device)\n", "")), recurrence=NOT
    ),
    "loop over a number": e(changed(E_LINEAR, ("range(x.size(1))", "x.size(1)")), recurrence=NOT),
    "misspelt part": e(changed(E_LINEAR, ("self.Wr(h)", "self.WR(h)")), recurrent=REVIEW),
    "part without self": e(changed(E_LINEAR, ("self.W1(x", "W1(x")), input=REVIEW),
    "state of the sample before": e(
        changed(
            E_LINEAR,
            ("        h = torch.zeros(x.size(0), self.K, device=x.device)\n", _STATE),
            ("        for s in", "        for b in range(x.size(0)):\n          for s in"),
            ("x[:, s]", "x[b, s]"),
            ("        return self.W2(h)", "          z.append(self.W2(h))\n        return torch.stack(z)"),
        ),
        batch=NOT,
    ),
    "parameters that are no numbers": Faulty([*e(E_LINEAR).cells[:-1], _TRAINED_ON_NOTHING], {}, ("2e",)),
}

C_SLIPS = {
    "codes that are printed only": cd(
        changed(C_FUNCTION, ("return vector", "print(vector)")),
        D_SIMPLE,
        q2c__available=NOT,
        q2d__item=CARRIED,
        q2d__encoding=CARRIED,
    ),
    "letters that share a code": cd(
        changed(C_FUNCTION, ("letters.index(c.lower())", "letters.index(c.lower()) // 2")),
        D_SIMPLE,
        q2c__letters=NOT,
        q2d__encoding=CARRIED,
    ),
}

_LOOP = "for s, c in enumerate(name):\n            x[s] = encode_char(c)"
_FROM_ONE = (_LOOP, "for s in range(1, len(name)):\n            x[s] = encode_char(name[s])")
_CODES = "codes = {c: F.one_hot(torch.tensor(i), D).float() for i, c in enumerate(letters)}\n"
_INDICES = "x = torch.full((self.max_len,), D - 1)\n        for s, c in enumerate(name):\n            x[s] = encode_char(c).argmax()"
D_SLIPS = {
    "first row left empty": cd(C_FUNCTION, changed(D_SIMPLE, _FROM_ONE), q2d__encoding=NOT),
    "first row left empty, the name made lower-case": cd(
        changed(C_FUNCTION, ("c.lower()", "c")) + _CODES,
        changed(D_SIMPLE, _FROM_ONE, ("self.names[i]", "self.names[i].lower()"), ("encode_char(", "codes[")).replace(
            "name[s])", "name[s]]"
        ),
        q2d__encoding=NOT,
    ),
    "first row left empty, padding before": cd(
        C_FUNCTION,
        changed(D_SIMPLE, _FROM_ONE, ("x[s] =", "x[self.max_len - len(name) + s] =")),
        q2d__encoding=NOT,
    ),
    "capitals left empty though they have codes": cd(
        C_FUNCTION, changed(D_SIMPLE, (_LOOP, _LOOP.replace("x[s]", "if c in letters: x[s]"))), q2d__encoding=NOT
    ),
    "capitals without a code": cd(
        changed(C_FUNCTION, ("    vector[letters.index(c.lower())]", "    if c in letters: vector[letters.index(c)]")),
        D_SIMPLE,
        q2c__case=NOT,
    ),
    "index numbers padded with the further column": cd(
        changed(C_FUNCTION, ("D = len(letters)", "D = 28")),
        changed(D_SIMPLE, (f"x = torch.zeros(self.max_len, D)\n        {_LOOP}", _INDICES)),
        q2d__item=NOT,
    ),
}

_CLASSES = (
    ("Elman(27, 16, 1)", "Elman(27, 16, 2)"),
    ("nn.BCEWithLogitsLoss()", "nn.CrossEntropyLoss()"),
    (".squeeze(1)", ""),
    ("criterion(z, y)", "criterion(z, y.long())"),
)
F_SLIPS = {
    "class of the network in place of one": f(("net = Elman(27, 16, 1)", "net = Elman"), setup=NOT),
    "argmax over the batch, compared in a loop over the classes": f(
        *_CLASSES,
        ("((z > 0).float() == y).sum().item()", "sum(int(p == y[k]) for k, p in enumerate(z.argmax(0)))"),
        accuracy=NOT,
    ),
    "argmax of the single output": f(("((z > 0).float() == y)", "(z[:, None].argmax(dim=1) == y)"), accuracy=NOT),
    "words before the epoch": f(
        ("print('epoch', epoch, 'accuracy', accuracy)", "print('Accuracy in epoch', epoch, 'is', accuracy)")
    ),
    "neither loss nor step": f(
        ("criterion = nn.BCEWithLogitsLoss()\n", ""),
        ("        optimizer.zero_grad()\n", ""),
        ("        loss = criterion(z, y)\n        loss.backward()\n        optimizer.step()\n", ""),
        loss=NOT,
        consistent=NOT,
        loop=NOT,
    ),
    "hits counted and divided in a function, no word beside the share": f(
        ("for epoch in range(3):\n", "def once():\n"),
        ("    accuracy = correct / len(dataset)\n", "    return correct / len(dataset)\n"),
        ("    print('epoch', epoch, 'accuracy', accuracy)", "for epoch in range(3):\n    print(epoch, once())"),
    ),
    "minus before the loss": f(("loss.backward()", "(-loss).backward()"), loss=NOT),
    "minus before the loss, and the optimizer maximises": f(
        ("loss.backward()", "(-loss).backward()"), ("lr=0.01", "lr=0.01, maximize=True")
    ),
    "sign of a likelihood by hand": f(
        (
            "        loss = criterion(z, y)\n",
            "        p = z.sigmoid()\n        loss = (y * p.log() + (1 - y) * (1 - p).log()).mean()\n",
        ),
        loss=NOT,
    ),
}
