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

F_SLIPS = {
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
