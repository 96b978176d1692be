"""Data sets whose items have unusual forms, each right and with faults that the training must be judged past."""

from __future__ import annotations

from dataclasses import dataclass

from tests.rubrics.assignment2.bank import C_FUNCTION, E_LINEAR, IMPORTS
from tests.rubrics.assignment2.faults import CARRIED, NOT, Faulty, changed

DATA_SET = """
class NameDataset(Dataset):
    def __init__(self, path):
        frame = pd.read_csv(path, keep_default_na=False)
        self.names = list(frame['Name'])
        self.y = [0 if g == 'M' else 1 for g in frame['Gender']]
        self.S = max(len(n) for n in self.names)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, i):
        x = torch.zeros(self.S, D)
        for s, c in enumerate(self.names[i]):
            x[s] = encode_char(c)
        return x, self.y[i]
"""
ENCODED_AT_ONCE = """
class NameDataset(Dataset):
    def __init__(self, path):
        frame = pd.read_csv(path, keep_default_na=False)
        names = list(frame['Name'])
        self.y = torch.tensor([0 if g == 'M' else 1 for g in frame['Gender']])
        self.x = torch.zeros(len(names), max(map(len, names)), D)
        for i, n in enumerate(names):
            for s, c in enumerate(n):
                self.x[i, s] = encode_char(c)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]
"""
INSTANCE = "dataset = NameDataset('name_gender_dataset.csv')\n"
TRAINING = """
loader = DataLoader(dataset, batch_size=32, shuffle=True)
net = Elman(D, 32, 2)
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
criterion = nn.CrossEntropyLoss()
for epoch in range(2):
    good, total = 0, 0
    for x, y in loader:
        optimizer.zero_grad()
        out = net(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        good += (out.argmax(1) == y).sum().item()
        total += len(y)
    print(f'epoch {epoch}: accuracy {good / total:.3f}')
"""


@dataclass(frozen=True)
class Form:
    """Attributes: what ``__getitem__`` returns; what the loop takes from the loader; the loop's next line."""

    item: str
    taken: str
    unpacked: str = ""


FORMS = {
    "name and target": Form("x, self.y[i]", "x, y"),
    "target first": Form("self.y[i], x", "y, x"),
    "dictionary": Form(
        "{'code': x, 'length': len(self.names[i]), 'label': self.y[i]}", "batch", "x, y = batch['code'], batch['label']"
    ),
    "length between": Form("x, len(self.names[i]), self.y[i]", "x, _, y"),
    "name behind": Form("x, self.y[i], self.names[i]", "x, y, _"),
}


@dataclass(frozen=True)
class _Fault:
    """Attributes: replacements in 2(c) and in the data set; what they cost."""

    code: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[str, str], ...] = ()
    cost: tuple[tuple[str, str], ...] = ()


_CRASH = (("2d.item", CARRIED), ("2d.encoding", CARRIED), ("2f.data", CARRIED))
_FAULTS = {
    "right": _Fault(),
    "no hyphen": _Fault(((" + '-'", ""),), cost=(("2c.hyphen", NOT), *_CRASH)),
    "no capitals": _Fault((("c.lower()", "c"),), cost=(("2c.case", NOT), *_CRASH)),
    "no length": _Fault(
        data=(("    def __len__(self):\n        return len(self.names)\n", ""),),
        cost=(("2d.len", NOT), ("2f.data", CARRIED)),
    ),
    "target in words": _Fault(
        data=(("[0 if g == 'M' else 1 for g in frame['Gender']]", "list(frame['Gender'])"),),
        cost=(("2d.target", NOT),),
    ),
    "no padding": _Fault(
        data=(("torch.zeros(self.S, D)", "torch.zeros(len(self.names[i]), D)"),),
        cost=(("2d.padding", NOT), ("2f.data", CARRIED)),
    ),
}


def _case(form: Form, fault: _Fault, data_set: str = DATA_SET) -> Faulty:
    data = changed(data_set, *fault.data)
    if data_set == DATA_SET:
        data = changed(data, ("return x, self.y[i]", f"return {form.item}"))
    training = changed(TRAINING, ("for x, y in loader:\n", f"for {form.taken} in loader:\n        {form.unpacked}\n"))
    cells = [IMPORTS, changed(C_FUNCTION, *fault.code), data, INSTANCE, E_LINEAR, training]
    return Faulty(cells, dict(fault.cost), ("2c", "2d", "2e", "2f"))


FORM_CASES: dict[str, Faulty] = {
    f"{form}, {fault}": _case(FORMS[form], _FAULTS[fault])
    for form in FORMS
    for fault in _FAULTS
    if form in {"target first", "dictionary"} or fault in {"right", "no hyphen"}
}
FORM_CASES |= {
    f"encoded at once, {fault}": _case(FORMS["name and target"], _FAULTS[fault], ENCODED_AT_ONCE)
    for fault in ("right", "no hyphen", "no capitals")
}
