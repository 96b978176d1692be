"""Solutions with one fault (or a few): what each loses, by the marking scheme."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rubrics.assignment2 import bank
from tests.rubrics.assignment2.bank import C_DICT, C_FUNCTION, C_INDEX, E_LINEAR, IMPORTS

NOT, HALF, CARRIED, REVIEW = "not-met", "partial", "carried", "review"


@dataclass(frozen=True)
class Faulty:
    """A notebook and what its criteria should become; all others of the questions are met.

    Attributes:
        cells: The notebook.
        expected: Criterion → outcome, where it is not ``met``.
        questions: What to grade, in order.
        answers: The typed answers.
        detail: Criterion → text that the comment's detail must contain.
    """

    cells: list[str]
    expected: dict[str, str]
    questions: tuple[str, ...]
    answers: dict[str, str] = field(default_factory=dict)
    detail: dict[str, str] = field(default_factory=dict)


def changed(source: str, *pairs: tuple[str, str]) -> str:
    """The source with replacements, each of which must apply."""
    for old, new in pairs:
        assert old in source, f"{old!r} is not in the source"
        source = source.replace(old, new)
    return source


def cd(c: str, d: str, **expected: str) -> Faulty:
    lost = {key.replace("__", ".").replace("_", "-").removeprefix("q"): kind for key, kind in expected.items()}
    return Faulty([IMPORTS, "#md 2(c)", c, "#md 2(d)", d], lost, ("2c", "2d"))


D_SIMPLE = """
class NameDataset(Dataset):
    def __init__(self, frame):
        self.names = list(frame['Name'])
        self.genders = [0. if g == 'M' else 1. for g in frame['Gender']]
        self.max_len = max(len(n) for n in self.names)
    def __len__(self):
        return len(self.names)
    def __getitem__(self, i):
        name = self.names[i]
        x = torch.zeros(self.max_len, D)
        for s, c in enumerate(name):
            x[s] = encode_char(c)
        return x, torch.tensor(self.genders[i])
dataset = NameDataset(pd.read_csv('name_gender_dataset.csv'))
"""

C_CASES = {
    "no hyphen": cd(
        changed(C_FUNCTION, (" + '-'", "")), D_SIMPLE, q2c__hyphen=NOT, q2d__item=CARRIED, q2d__encoding=CARRIED
    ),
    "hyphen as zeros": cd(
        "letters = string.ascii_lowercase\nD = 27\ndef encode_char(c):\n    v = torch.zeros(D)\n    if c.lower() in letters:\n"
        "        v[letters.index(c.lower())] = 1\n    return v",
        D_SIMPLE,
        q2c__hyphen=NOT,
    ),
    "case error": cd(
        changed(C_FUNCTION, ("c.lower()", "c")), D_SIMPLE, q2c__case=NOT, q2d__item=CARRIED, q2d__encoding=CARRIED
    ),
    "capitals of their own": cd(
        changed(C_FUNCTION, ("string.ascii_lowercase + '-'", "string.ascii_letters + '-'"), ("c.lower()", "c")),
        D_SIMPLE,
        q2c__case=NOT,
    ),
    "one too many": cd(changed(C_FUNCTION, ("+ '-'", '+ "-\'"')), D_SIMPLE, q2c__size=NOT),
    "three too many": cd(changed(C_FUNCTION, ("+ '-'", '+ "-\' ."')), D_SIMPLE, q2c__size=NOT),
    "ascii": cd(
        "D = 128\ndef encode_char(c):\n    v = torch.zeros(D)\n    v[ord(c.lower())] = 1\n    return v",
        D_SIMPLE,
        q2c__size=NOT,
    ),
    "index numbers": cd(
        C_INDEX,
        changed(
            D_SIMPLE,
            ("torch.zeros(self.max_len, D)", "torch.full((self.max_len,), 27.)"),
            ("encode_char(c)", "char2idx[c.lower()]"),
        ),
        q2c__letters=NOT,
        q2d__item=CARRIED,
        q2d__encoding=CARRIED,
    ),
    "inside the data set only": cd(
        "# see 2(d)",
        changed(
            D_SIMPLE,
            ("self.max_len, D", "self.max_len, 27"),
            ("x[s] = encode_char(c)", "x[s, 26 if c == '-' else ord(c.lower()) - 97] = 1"),
        ),
        q2c__available=NOT,
    ),
    "only the dictionary of capitals missing": cd(
        changed(C_DICT, ("codes.update", "dict().update")),
        changed(bank.D_DICT, ("codes[c] for c in self.names[index]", "codes[c] for c in self.names[index].lower()")),
    ),
    "28 with an unused column": cd(
        changed(C_FUNCTION, ("D = len(letters)", "D = len(letters) + 1")), D_SIMPLE, q2c__size=NOT
    ),
    "nothing": cd(
        "pass",
        "pass",
        q2c__letters=NOT,
        q2c__hyphen=NOT,
        q2c__size=NOT,
        q2c__case=NOT,
        q2c__available=NOT,
        q2d__len=NOT,
        q2d__item=NOT,
        q2d__padding=NOT,
        q2d__encoding=NOT,
        q2d__target=NOT,
    ),
    "same code for all": cd(
        changed(C_FUNCTION, ("letters.index(c.lower())", "len(c)")),
        D_SIMPLE,
        q2c__letters=NOT,
        q2c__hyphen=NOT,
        q2c__size=NOT,
        q2c__case=NOT,
        q2c__available=NOT,
        q2d__encoding=NOT,
    ),
}

D_CASES = {
    "wrong len": cd(C_FUNCTION, changed(D_SIMPLE, ("return len(self.names)", "return self.max_len")), q2d__len=NOT),
    "off by one": cd(
        C_FUNCTION, changed(D_SIMPLE, ("return len(self.names)", "return len(self.names) - 1")), q2d__len=NOT
    ),
    "cut": cd(
        C_FUNCTION,
        changed(D_SIMPLE, ("max(len(n) for n in self.names)", "10"), ("enumerate(name)", "enumerate(name[:10])")),
        q2d__padding=NOT,
    ),
    "not padded": cd(
        C_FUNCTION, changed(D_SIMPLE, ("torch.zeros(self.max_len, D)", "torch.zeros(len(name), D)")), q2d__padding=NOT
    ),
    "padded with a letter": cd(
        C_FUNCTION,
        changed(D_SIMPLE, ("        for s", "        x[:, 0] = 1\n        x[:len(name)] = 0\n        for s")),
        q2d__padding=NOT,
    ),
    "reversed": cd(C_FUNCTION, changed(D_SIMPLE, ("enumerate(name)", "enumerate(name[::-1])")), q2d__encoding=NOT),
    "first character skipped": cd(
        C_FUNCTION, changed(D_SIMPLE, ("enumerate(name)", "enumerate(name[1:])")), q2d__encoding=NOT
    ),
    "always the first": cd(
        C_FUNCTION, changed(D_SIMPLE, ("encode_char(c)", "encode_char(name[0])")), q2d__encoding=NOT
    ),
    "target as text": cd(
        C_FUNCTION,
        changed(
            D_SIMPLE, ("0. if g == 'M' else 1. for g", "g for g"), ("torch.tensor(self.genders[i])", "self.genders[i]")
        ),
        q2d__target=NOT,
    ),
    "no target": cd(
        C_FUNCTION, changed(D_SIMPLE, ("return x, torch.tensor(self.genders[i])", "return x")), q2d__target=NOT
    ),
    "constant target": cd(C_FUNCTION, changed(D_SIMPLE, ("1. for g", "0. for g")), q2d__target=NOT),
    "only len": cd(
        C_FUNCTION,
        changed(D_SIMPLE, ("        return x, torch.tensor(self.genders[i])", "        return name, i")),
        q2d__item=NOT,
        q2d__padding=NOT,
        q2d__encoding=NOT,
        q2d__target=NOT,
    ),
    "getitem passes": cd(
        C_FUNCTION,
        D_SIMPLE.split("    def __getitem__", maxsplit=1)[0] + "    def __getitem__(self, i):\n        pass\n"
        "dataset = NameDataset(pd.read_csv('name_gender_dataset.csv'))",
        q2d__item=NOT,
        q2d__padding=NOT,
        q2d__encoding=NOT,
        q2d__target=NOT,
    ),
    "not instantiated": cd(C_FUNCTION, D_SIMPLE.split("dataset = ", maxsplit=1)[0]),
    "arrays": cd(
        C_FUNCTION,
        changed(D_SIMPLE, ("return x, torch.tensor(self.genders[i])", "return x.numpy(), np.float32(self.genders[i])")),
    ),
    "integers": cd(C_FUNCTION, changed(D_SIMPLE, ("return x,", "return x.long(),")), q2d__item=NOT),
    "flattened": cd(C_FUNCTION, changed(D_SIMPLE, ("return x,", "return x.flatten(),")), q2d__item=NOT),
}


def e(network: str, **expected: str) -> Faulty:
    lost = {f"2e.{name}": kind for name, kind in expected.items()}
    use = "net = Elman(27, 24, 1)\nnet(torch.rand(8, 24, 27))"
    return Faulty([IMPORTS, "#md 2(e)", network, use], lost, ("2e",))


_SUM = "torch.tanh(self.W1(x[:, s]) + self.Wr(h))"
E_BUILT_IN = """
class Elman(nn.Module):
    def __init__(self, D, K, O):
        super().__init__()
        self.rnn = nn.RNN(D, K)
        self.out = nn.Linear(K, O)
    def forward(self, x):
        y, h = self.rnn(x)
        return self.out(y[:, -1])
"""
E_CASES = {
    "right": e(E_LINEAR),
    "no Wr matrix": e(changed(E_LINEAR, ("self.Wr(h)", "h")), recurrent=NOT),
    "no activation": e(changed(E_LINEAR, (_SUM, "self.W1(x[:, s]) + self.Wr(h)")), activation=NOT),
    "activation at the end": e(
        changed(E_LINEAR, (_SUM, "self.W1(x[:, s]) + self.Wr(h)"), ("self.W2(h)", "self.W2(torch.tanh(h))")),
        activation=NOT,
    ),
    "activation of one part": e(changed(E_LINEAR, (_SUM, "self.W1(x[:, s]) + torch.tanh(self.Wr(h))")), activation=NOT),
    "reset": e(
        changed(
            E_LINEAR,
            (
                "            h = torch.tanh",
                "            h = torch.zeros(x.size(0), self.K)\n            h = torch.tanh",
            ),
        ),
        recurrence=NOT,
    ),
    "reversed": e(changed(E_LINEAR, ("range(x.size(1))", "reversed(range(x.size(1)))")), recurrence=NOT),
    "skips the first": e(changed(E_LINEAR, ("range(x.size(1))", "range(1, x.size(1))")), recurrence=NOT),
    "skips the last": e(changed(E_LINEAR, ("range(x.size(1))", "range(x.size(1) - 1)")), recurrence=NOT),
    "state kept": e(
        changed(
            E_LINEAR,
            ("        self.W1 =", "        self.h = torch.zeros(1, K)\n        self.W1 ="),
            ("        h = torch.zeros(x.size(0), self.K, device=x.device)", "        h = self.h"),
            ("        return", "        self.h = h.detach()\n        return"),
        ),
        recurrence=NOT,
    ),
    "no W2": e(changed(E_LINEAR, ("return self.W2(h)", "return h")), output=NOT),
    "flattened states": e(
        changed(
            E_LINEAR,
            ("nn.Linear(K, O)", "nn.Linear(24 * K, O)"),
            ("        for s", "        hs = []\n        for s"),
            ("self.Wr(h))\n", "self.Wr(h))\n            hs.append(h)\n"),
            ("self.W2(h)", "self.W2(torch.cat(hs, dim=1))"),
        ),
        output=NOT,
    ),
    "no batch_first": e(E_BUILT_IN, batch=NOT),
    "batch_first": e(changed(E_BUILT_IN, ("nn.RNN(D, K)", "nn.RNN(D, K, batch_first=True)"))),
    "two layers": e(changed(E_BUILT_IN, ("nn.RNN(D, K)", "nn.RNN(D, K, num_layers=2, batch_first=True)"))),
    "deep output": e(
        changed(E_LINEAR, ("nn.Linear(K, O)", "nn.Sequential(nn.Linear(K, 12), nn.ReLU(), nn.Linear(12, O))"))
    ),
    "dropout": e(changed(E_LINEAR, ("self.W2(h)", "self.W2(F.dropout(h, 0.3, self.training))"))),
    "batch mixed": e(changed(E_LINEAR, ("return self.W2(h)", "return self.W2(h) + h.mean()")), batch=NOT),
    "only one sample": e(changed(E_LINEAR, ("return self.W2(h)", "return self.W2(h)[0]")), batch=NOT),
    "learnable start": e(
        changed(
            E_LINEAR,
            ("self.K = K", "self.K = K\n        self.start = nn.Parameter(torch.randn(1, K))"),
            ("torch.zeros(x.size(0), self.K, device=x.device)", "self.start.repeat(x.size(0), 1)"),
        )
    ),
    "not instantiated": Faulty([IMPORTS, E_LINEAR], {}, ("2e",)),
    "nothing": Faulty(
        [IMPORTS, "pass"],
        dict.fromkeys(("2e.input", "2e.recurrent", "2e.output", "2e.recurrence", "2e.activation", "2e.batch"), NOT),
        ("2e",),
    ),
    "forward missing": e(
        E_LINEAR.split("    def forward")[0] + "\n",
        **dict.fromkeys(("input", "recurrent", "output", "recurrence", "activation", "batch"), NOT),
    ),
}

D_SMALL = changed(
    D_SIMPLE, ("pd.read_csv('name_gender_dataset.csv')", "pd.read_csv('name_gender_dataset.csv').head(310)")
)
F_RIGHT = """
torch.manual_seed(1)
loader = DataLoader(dataset, batch_size=32, shuffle=True)
net = Elman(27, 16, 1)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(3):
    correct = 0
    for x, y in loader:
        optimizer.zero_grad()
        z = net(x).squeeze(1)
        loss = criterion(z, y)
        loss.backward()
        optimizer.step()
        correct += ((z > 0).float() == y).sum().item()
    accuracy = correct / len(dataset)
    print('epoch', epoch, 'accuracy', accuracy)
"""


def f(*pairs: tuple[str, str], answer: str = "", detail: str = "", **expected: str) -> Faulty:
    lost = {f"2f.{name}": kind for name, kind in expected.items()}
    cells = [
        IMPORTS,
        "#md 2(c)",
        C_FUNCTION,
        "#md 2(d)",
        D_SMALL,
        "#md 2(e)",
        E_LINEAR,
        "#md 2(f)",
        changed(F_RIGHT, *pairs),
    ]
    return Faulty(
        cells, lost, ("2c", "2d", "2e", "2f"), {"2b": answer} if answer else {}, {"2f.loop": detail} if detail else {}
    )


_ZERO, _BACK, _STEP = "        optimizer.zero_grad()\n", "        loss.backward()\n", "        optimizer.step()\n"
_PRINT = "    print('epoch', epoch, 'accuracy', accuracy)\n"
F_CASES = {
    "right": f(answer="binary cross-entropy with logits"),
    "right without 2b": f(),
    "no zero": f((_ZERO, ""), loop=HALF, detail="never zeroed"),
    "zero at the wrong place": f((_ZERO, ""), (_BACK, _BACK + _ZERO), loop=HALF, detail="between backward and step"),
    "zero once an epoch": f(
        (_ZERO, ""),
        ("    correct = 0", "    correct = 0\n    optimizer.zero_grad()"),
        loop=HALF,
        detail="once an epoch",
    ),
    "no step": f((_STEP, ""), loop=HALF, detail="no step"),
    "wrong parameters": f(
        ("Adam(net.parameters()", "Adam(Elman(27, 16, 1).parameters()"), loop=HALF, detail="other parameters"
    ),
    "no backward": f((_BACK, ""), loop=HALF, detail="back-propagated"),
    "none of the three": f((_ZERO, ""), (_BACK, ""), (_STEP, ""), loop=NOT),
    "single epoch": f(("range(3)", "range(1)"), loop=HALF, detail="one epoch"),
    "sigmoid twice": f(("net(x).squeeze(1)", "torch.sigmoid(net(x)).squeeze(1)"), ("z > 0)", "z > 0.5)"), loss=NOT),
    "squared error": f(("nn.BCEWithLogitsLoss()", "nn.MSELoss()"), loss=NOT),
    "squared error as in 2b": f(("nn.BCEWithLogitsLoss()", "nn.MSELoss()"), answer="mean squared error", loss=NOT),
    "not as in 2b": f(answer="categorical cross-entropy with softmax over two outputs", consistent=NOT),
    "probabilities": f(
        ("net(x).squeeze(1)", "torch.sigmoid(net(x)).squeeze(1)"),
        ("nn.BCEWithLogitsLoss()", "nn.BCELoss()"),
        ("z > 0)", "z > 0.5)"),
        answer="Sigmoid und binäre Kreuzentropie",
    ),
    "two outputs": f(
        ("Elman(27, 16, 1)", "Elman(27, 16, 2)"),
        ("net(x).squeeze(1)", "net(x)"),
        ("nn.BCEWithLogitsLoss()", "nn.CrossEntropyLoss()"),
        ("criterion(z, y)", "criterion(z, y.long())"),
        ("(z > 0).float()", "z.argmax(1)"),
        answer="cross entropy with two outputs",
    ),
    "threshold of a probability": f(("z > 0)", "z > 0.5)"), accuracy=NOT),
    "divided by batches": f(("/ len(dataset)", "/ len(loader)"), normalization=NOT),
    "divided by the batch size": f(("/ len(dataset)", "/ 32"), normalization=NOT),
    "not divided": f(("/ len(dataset)", ""), normalization=NOT),
    "never reset": f(
        ("    correct = 0\n", ""), ("for epoch in range(3):", "correct = 0\nfor epoch in range(3):"), normalization=NOT
    ),
    "percent": f(("correct / len(dataset)", "100 * correct / len(dataset)")),
    "kept in a list": f(("for epoch in", "accs = []\nfor epoch in"), (_PRINT, "    accs.append(accuracy)\n")),
    "reported at the end": f(
        (_PRINT, ""),
        ("    accuracy = correct", "accuracy = correct"),
        ("len(dataset)\n", "len(dataset)\nprint('accuracy', accuracy)\n"),
        report=NOT,
    ),
    "reported every second epoch": f((_PRINT, "    if epoch % 2 == 0:\n    " + _PRINT), report=NOT),
    "no accuracy": f(
        ("        correct += ((z > 0).float() == y).sum().item()\n", ""),
        ("    correct = 0\n", ""),
        (
            "    accuracy = correct / len(dataset)\n    print('epoch', epoch, 'accuracy', accuracy)\n",
            "    print(epoch, loss.item())\n",
        ),
        accuracy=NOT,
        normalization=NOT,
        report=NOT,
    ),
    "K undefined": f(("Elman(27, 16, 1)", "Elman(27, K, C)"), setup=NOT),
    "data set class without arguments": f(("loader = ", "dataset = NameDataset()\nloader = "), data=NOT),
    "class instead of instance": f(("DataLoader(dataset,", "DataLoader(NameDataset,"), data=NOT),
    "nothing": Faulty(
        [IMPORTS, C_FUNCTION, D_SMALL, E_LINEAR],
        dict.fromkeys(
            (
                f"2f.{name}"
                for name in ("setup", "data", "loss", "consistent", "loop", "accuracy", "normalization", "report")
            ),
            NOT,
        ),
        ("2c", "2d", "2e", "2f"),
    ),
}
