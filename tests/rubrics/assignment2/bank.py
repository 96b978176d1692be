"""Right solutions in many styles: a style is the cells of 2(c), 2(d), 2(e) and 2(f)."""

from __future__ import annotations

from dataclasses import dataclass

IMPORTS = """import torch
import torch.nn as nn
import torch.nn.functional as F
import numpy as np
import pandas as pd
import string
from torch.utils.data import Dataset, DataLoader
"""


@dataclass(frozen=True)
class Style:
    """The cells of a notebook. Attributes: c, d, e, f: sources of the questions' cells."""

    c: str
    d: str
    e: str
    f: str

    def cells(self) -> list[str]:
        return [
            "#md # Task 2",
            IMPORTS,
            "#md Task 2(c)",
            self.c,
            "#md Task 2(d)",
            self.d,
            "#md Task 2(e)",
            self.e,
            "#md Task 2(f)",
            self.f,
        ]


# --- encodings with the data sets that use them ---------------------------------------------------------------

C_FUNCTION = """
letters = string.ascii_lowercase + '-'
D = len(letters)

def encode_char(c):
    vector = torch.zeros(D)
    vector[letters.index(c.lower())] = 1
    return vector
"""
D_FUNCTION = """
class NameDataset(Dataset):
    def __init__(self, path):
        self.frame = pd.read_csv(path)
        self.max_len = self.frame['Name'].str.len().max()

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, i):
        row = self.frame.iloc[i]
        x = torch.zeros(self.max_len, D)
        for s, c in enumerate(row['Name']):
            x[s] = encode_char(c)
        return x, torch.tensor(0. if row['Gender'] == 'M' else 1.)

dataset = NameDataset('name_gender_dataset.csv')
"""
C_DICT = """
codes = {c: torch.eye(27)[i] for i, c in enumerate('abcdefghijklmnopqrstuvwxyz-')}
codes.update({c.upper(): v for c, v in list(codes.items()) if c != '-'})
"""
D_DICT = """
df = pd.read_csv('name_gender_dataset.csv')
class Names(torch.utils.data.Dataset):
    def __init__(self, names, genders):
        super().__init__()
        self.names, self.genders = list(names), list(genders)
        self.S = max(map(len, self.names))
    def __len__(self):
        return len(self.names)
    def __getitem__(self, index):
        rows = [codes[c] for c in self.names[index]]
        rows += [torch.zeros(27)] * (self.S - len(rows))
        return torch.stack(rows), torch.tensor([float(self.genders[index] == 'M')])
data = Names(df.Name, df.Gender)
"""
C_INDEX = """
char2idx = {ch: i for i, ch in enumerate(string.ascii_lowercase)}
char2idx['-'] = 26
"""
D_INDEX = """
frame = pd.read_csv('name_gender_dataset.csv')
frame['Name'] = frame['Name'].str.lower()

class GenderData(Dataset):
    def __init__(self, frame):
        self.maxlen = int(frame['Name'].apply(len).max())
        self.X, self.y = [], []
        for name, gender in zip(frame['Name'], frame['Gender']):
            idx = torch.tensor([char2idx[c] for c in name])
            onehot = F.one_hot(idx, num_classes=27).float()
            self.X.append(F.pad(onehot, (0, 0, self.maxlen - len(name), 0)))
            self.y.append(1 if gender == 'F' else 0)
    def __len__(self): return len(self.X)
    def __getitem__(self, k): return self.X[k], self.y[k]
train_data = GenderData(frame)
"""
C_PADDED = """
vocab = ['<pad>'] + list('abcdefghijklmnopqrstuvwxyz-')
stoi = {s: i for i, s in enumerate(vocab)}
def one_hot(char):
    return F.one_hot(torch.tensor(stoi[char.lower()]), len(vocab)).float()
"""
D_PADDED = """
class NameSet(Dataset):
    def __init__(self, csv_file, max_length=24):
        table = pd.read_csv(csv_file)
        self.names = [str(n) for n in table['Name'].values]
        self.targets = torch.tensor((table['Gender'] == 'F').values).long()
        self.max_length = max_length
    def __len__(self):
        return len(self.names)
    def __getitem__(self, i):
        name = self.names[i]
        pad = F.one_hot(torch.tensor(0), len(vocab)).float()
        seq = [one_hot(ch) for ch in name]
        while len(seq) < self.max_length:
            seq.append(pad)
        return torch.stack(seq), self.targets[i]
ds = NameSet('name_gender_dataset.csv')
"""
C_CLASS = """
class CharEncoder:
    def __init__(self):
        self.alphabet = "abcdefghijklmnopqrstuvwxyz-"
        self.matrix = np.eye(len(self.alphabet), dtype=np.float32)
    def __call__(self, char):
        return self.matrix[self.alphabet.find(char.lower())]
    @property
    def dim(self):
        return len(self.alphabet)
encoder = CharEncoder()
"""
D_CLASS = """
import csv
class FirstNames(Dataset):
    def __init__(self, filename, encoder):
        with open(filename) as f:
            self.rows = list(csv.DictReader(f))
        self.encoder = encoder
        self.length = max(len(r['Name']) for r in self.rows)
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, item):
        x = np.zeros((self.length, self.encoder.dim), dtype=np.float32)
        for pos, char in enumerate(self.rows[item]['Name']):
            x[pos] = self.encoder(char)
        return {'name': x, 'gender': np.float32(self.rows[item]['Gender'] == 'F')}
names = FirstNames('name_gender_dataset.csv', encoder)
"""
C_WORD = """
def name_to_tensor(name, max_len):
    alphabet = 'abcdefghijklmnopqrstuvwxyz-'
    t = torch.zeros(max_len, 27)
    for i, ch in enumerate(name.lower()):
        t[i][alphabet.index(ch)] = 1.0
    return t
"""
D_WORD = """
class D2(Dataset):
    def __init__(self):
        self.df = pd.read_csv('name_gender_dataset.csv')
        self.longest = self.df.Name.map(len).max()
    def __len__(self):
        return self.df.shape[0]
    def __getitem__(self, idx):
        return name_to_tensor(self.df.Name[idx], self.longest), float(self.df.Gender[idx] == 'M')
d2 = D2()
"""
C_TENSOR = """
chars = list(string.ascii_lowercase) + ['-']
encodings = F.one_hot(torch.arange(27)).float()
"""
D_TENSOR = """
csv_data = pd.read_csv('name_gender_dataset.csv')
max_chars = 25
class TensorNames(Dataset):
    def __init__(self, data):
        self.inputs = torch.zeros(len(data), max_chars, 27)
        for n, name in enumerate(data['Name']):
            for s, char in enumerate(name.lower()):
                self.inputs[n, s] = encodings[chars.index(char)]
        self.labels = torch.tensor([0 if g == 'M' else 1 for g in data['Gender']])
    def __len__(self): return len(self.labels)
    def __getitem__(self, i): return self.inputs[i], self.labels[i]
tensor_names = TensorNames(csv_data)
"""
C_SKLEARN = """
from sklearn.preprocessing import OneHotEncoder
alphabet = np.array(list('abcdefghijklmnopqrstuvwxyz-')).reshape(-1, 1)
enc = OneHotEncoder(handle_unknown='ignore')
enc.fit(alphabet)
def encode(c):
    return torch.tensor(enc.transform([[c.lower()]]).toarray()[0], dtype=torch.float32)
"""
D_SKLEARN = """
class SkNames(Dataset):
    def __init__(self, df):
        self.df = df
        self.table = {c: encode(c) for c in 'abcdefghijklmnopqrstuvwxyz-'}
        self.n = max(len(x) for x in df['Name'])
    def __len__(self): return len(self.df)
    def __getitem__(self, i):
        name, gender = self.df.iloc[i][['Name', 'Gender']]
        seq = torch.stack([self.table[c] for c in name.lower()])
        return torch.cat([seq, torch.zeros(self.n - len(name), 27)]), torch.tensor(gender == 'F', dtype=torch.float32)
sk = SkNames(pd.read_csv('name_gender_dataset.csv'))
"""
C_LAMBDA = """
index_of = lambda ch: 26 if ch == '-' else ord(ch.lower()) - ord('a')
onehot = lambda ch: np.eye(27)[index_of(ch)]
"""
D_LAMBDA = """
raw = pd.read_csv('name_gender_dataset.csv')
longest = max(raw['Name'].str.len())
def encode_all(names):
    out = np.zeros((len(names), longest, 27))
    for i, n in enumerate(names):
        for j, ch in enumerate(n):
            out[i, j] = onehot(ch)
    return out
X = torch.tensor(encode_all(raw['Name'].tolist()), dtype=torch.float)
Y = torch.tensor(raw['Gender'].map({'M': 0, 'F': 1}).values)
full = torch.utils.data.TensorDataset(X, Y)
"""
C_METHOD = """
# 2c: the encoding lives in the data set class below (encode), the table is here
ALPHABET = {c: i for i, c in enumerate("abcdefghijklmnopqrstuvwxyz-")}
def char_index(c):
    return ALPHABET[c.lower()]
"""
D_METHOD = """
class NamesData(Dataset):
    def __init__(self, file='name_gender_dataset.csv'):
        d = pd.read_csv(file)
        self.names = d['Name'].tolist()
        self.y = d['Gender'].eq('F').astype('float32').to_numpy()
        self.pad_to = 30
    def encode(self, name):
        m = torch.zeros(self.pad_to, len(ALPHABET))
        m[torch.arange(len(name)), torch.tensor([char_index(c) for c in name])] = 1
        return m
    def __len__(self):
        return len(self.names)
    def __getitem__(self, i):
        return self.encode(self.names[i]), self.y[i]
nd = NamesData()
"""
C_COLLATE = """
lookup = {}
for number, sign in enumerate(string.ascii_lowercase + "-"):
    code = [0] * 27
    code[number] = 1
    lookup[sign] = code
def get_code(sign):
    return lookup[sign.lower()]
"""
D_COLLATE = """
class Coll(Dataset):
    def __init__(self):
        self.t = pd.read_csv('name_gender_dataset.csv')
        self.MAX = max(len(n) for n in self.t.Name)
    def __len__(self): return len(self.t)
    def __getitem__(self, i):
        return torch.tensor([get_code(s) for s in self.t.Name.iloc[i]], dtype=torch.float32), int(self.t.Gender.iloc[i] == 'F')
cds = Coll()
def pad_collate(batch):
    xs = torch.zeros(len(batch), cds.MAX, 27)
    for k, (x, _) in enumerate(batch):
        xs[k, :len(x)] = x
    return xs, torch.tensor([y for _, y in batch])
"""

# --- networks -------------------------------------------------------------------------------------------------

E_LINEAR = """
class Elman(nn.Module):
    def __init__(self, D, K, O):
        super().__init__()
        self.K = K
        self.W1 = nn.Linear(D, K)
        self.Wr = nn.Linear(K, K)
        self.W2 = nn.Linear(K, O)
    def forward(self, x):
        h = torch.zeros(x.size(0), self.K, device=x.device)
        for s in range(x.size(1)):
            h = torch.tanh(self.W1(x[:, s]) + self.Wr(h))
        return self.W2(h)
"""
E_ALL = """
class RecurrentNet(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super(RecurrentNet, self).__init__()
        self.n_hidden = n_hidden
        self.fc1 = nn.Linear(n_in, n_hidden, bias=False)
        self.rec = nn.Linear(n_hidden, n_hidden, bias=False)
        self.fc2 = nn.Linear(n_hidden, n_out, bias=False)
    def forward(self, x):
        B, S, _ = x.shape
        h = torch.zeros(B, self.n_hidden)
        outs = []
        for s in range(S):
            h = torch.sigmoid(self.fc1(x[:, s, :]) + self.rec(h))
            outs.append(self.fc2(h))
        return torch.stack(outs, dim=1)
"""
E_RNN = """
class Net(nn.Module):
    def __init__(self, input_size=27, hidden_size=32, output_size=1):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
    def forward(self, x):
        y, h = self.rnn(x)
        return self.out(y[:, -1])
"""
E_CELL = """
class CellNet(nn.Module):
    def __init__(self, K, O=2):
        super().__init__()
        self.cell = nn.RNNCell(27, K, nonlinearity='relu')
        self.lin = nn.Linear(K, O)
    def forward(self, x, h=None):
        for s in range(x.shape[1]):
            h = self.cell(x[:, s], h)
        return self.lin(h), h
"""
E_RAW = """
class RawElman(nn.Module):
    def __init__(self, D=27, K=24, O=1):
        super().__init__()
        self.w_in = nn.Parameter(torch.randn(K, D) * 0.1)
        self.w_rec = nn.Parameter(torch.randn(K, K) * 0.1)
        self.w_out = nn.Parameter(torch.randn(O, K) * 0.1)
        self.b = nn.Parameter(torch.zeros(K))
        self.h0 = nn.Parameter(torch.zeros(K))
    def forward(self, x):
        h = self.h0.expand(x.shape[0], -1)
        for t in range(x.shape[1]):
            h = torch.tanh(x[:, t] @ self.w_in.T + h @ self.w_rec.T + self.b)
        return (h @ self.w_out.T).squeeze(-1)
"""
E_CAT = """
class CatNet(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.i2h = nn.Linear(input_dim + hidden_dim, hidden_dim)
        self.h2o = nn.Linear(hidden_dim, output_dim)
        self.act = nn.Tanh()
    def step(self, x, h):
        return self.act(self.i2h(torch.cat((x, h), dim=1)))
    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.hidden_dim)
        for xs in x.permute(1, 0, 2):
            h = self.step(xs, h)
        return self.h2o(h)
"""
E_SIGMOID = """
class ProbNet(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.W1, self.Wr, self.W2 = nn.Linear(d, k), nn.Linear(k, k, bias=False), nn.Linear(k, 1)
        self.k = k
    def init_hidden(self, b):
        return torch.zeros(b, self.k)
    def forward(self, x):
        h = self.init_hidden(len(x))
        for s in range(x.shape[1]):
            h = F.relu(self.W1(x[:, s]) + self.Wr(h))
        return torch.sigmoid(self.W2(h))
"""
E_STEP = """
class StepNet(nn.Module):
    def __init__(self, D, K, O):
        super().__init__()
        self.K = K
        self.a = nn.Linear(D, K); self.b = nn.Linear(K, K); self.c = nn.Linear(K, O)
    def forward(self, x, h):
        h = torch.tanh(self.a(x) + self.b(h))
        return self.c(h), h
"""

# --- trainings ------------------------------------------------------------------------------------------------


def training(
    dataset: str,
    network: str,
    *,
    loss: str = "bce",
    epochs: int = 2,
    batch: int = 128,
    collate: str = "",
    unpack: str = "x, y",
    output: str = "net(x)",
) -> str:
    """A usual training cell."""
    collate = f", collate_fn={collate}" if collate else ""
    criteria = {
        "bce": (
            "nn.BCEWithLogitsLoss()",
            "criterion(z.squeeze(-1), y.float().view(-1))",
            "(z.squeeze(-1) > 0).float() == y.float().view(-1)",
        ),
        "bce_p": (
            "nn.BCELoss()",
            "criterion(z.view(-1), y.float().view(-1))",
            "(z.view(-1) > 0.5).float() == y.float().view(-1)",
        ),
        "ce": ("nn.CrossEntropyLoss()", "criterion(z, y.long().view(-1))", "z.argmax(dim=1) == y.long().view(-1)"),
    }
    criterion, computed, right = criteria[loss]
    return f"""
torch.manual_seed(3)
loader = DataLoader({dataset}, batch_size={batch}, shuffle=True{collate})
net = {network}
criterion = {criterion}
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for epoch in range({epochs}):
    correct, total = 0, 0
    for {unpack} in loader:
        optimizer.zero_grad()
        z = {output}
        loss = {computed}
        loss.backward()
        optimizer.step()
        correct += ({right}).sum().item()
        total += len(y)
    print(f"epoch {{epoch + 1}}: loss {{loss.item():.4f}}, train accuracy {{correct / total:.4f}}")
"""


F_STEP = """
loader = DataLoader(sk, batch_size=100, shuffle=True)
model = StepNet(27, 20, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.BCEWithLogitsLoss()
history = []
for epoch in range(2):
    hits = 0
    for x, y in loader:
        h = torch.zeros(x.shape[0], 20)
        for s in range(x.shape[1]):
            z, h = model(x[:, s], h)
        loss = loss_fn(z[:, 0], y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        hits += ((z[:, 0] > 0) == (y > 0.5)).sum().item()
    history.append(100 * hits / len(sk))
    print('Epoch', epoch, 'accuracy: %.2f %%' % history[-1])
"""
F_FUNCTIONS = """
def accuracy(net, loader):
    net.eval()
    n = right = 0
    with torch.no_grad():
        for b in loader:
            p = net(b['name'])
            right += ((p > 0.5).flatten() == (b['gender'] > 0.5)).sum().item()
            n += p.shape[0]
    net.train()
    return right / n

def fit(net, loader, n_epochs=3):
    optimiser = torch.optim.RMSprop(net.parameters())
    accs = []
    for e in range(n_epochs):
        for b in loader:
            p = net(b['name'])
            loss = F.binary_cross_entropy(p.flatten(), b['gender'])
            optimiser.zero_grad(); loss.backward(); optimiser.step()
        accs.append(accuracy(net, loader))
        print(f'[{e}] {accs[-1]:.3%}')
    return accs

network = ProbNet(27, 16)
result = fit(network, DataLoader(names, batch_size=200, shuffle=True))
"""
F_ALL = """
K, O = 32, 2
model = RecurrentNet(27, K, O)
train_loader = DataLoader(ds, batch_size=64, shuffle=True)
loss_function = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(params=model.parameters(), lr=0.05, momentum=0.9)
EPOCHS = 2
for epoch in range(EPOCHS):
    acc = 0.
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        logits = model(inputs)
        J = loss_function(logits[:, -1, :], targets)
        J.backward()
        optimizer.step()
        acc += torch.sum(torch.argmax(logits[:, -1, :], dim=1) == targets).item()
    print(f"Epoch {epoch+1}/{EPOCHS}; accuracy {acc / len(train_loader.dataset) * 100:.2f}%")
"""
F_SUBSET = """
train_set, test_set = torch.utils.data.random_split(tensor_names, [900, len(tensor_names) - 900])
train_dl = DataLoader(train_set, 50, shuffle=True)
test_dl = DataLoader(test_set, 50)
gru_free = CatNet(27, 40, 2)
opt = torch.optim.AdamW(gru_free.parameters())
for ep in range(2):
    gru_free.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        F.cross_entropy(gru_free(xb), yb).backward()
        opt.step()
    gru_free.eval()
    with torch.no_grad():
        train_acc = sum((gru_free(xb).argmax(1) == yb).sum().item() for xb, yb in train_dl) / len(train_set)
        test_acc = sum((gru_free(xb).argmax(1) == yb).sum().item() for xb, yb in test_dl) / len(test_set)
    print(ep, round(train_acc, 4), round(test_acc, 4))
"""

STYLES: dict[str, Style] = {
    "function": Style(C_FUNCTION, D_FUNCTION, E_LINEAR, training("dataset", "Elman(D, 32, 1)")),
    "dictionary": Style(C_DICT, D_DICT, E_RAW, training("data", "RawElman()")),
    "index-dictionary": Style(C_INDEX, D_INDEX, E_RNN, training("train_data", "Net()")),
    "padding-symbol": Style(C_PADDED, D_PADDED, E_ALL.replace("27", "28"), F_ALL.replace("(27, K", "(28, K")),
    "encoder-class": Style(C_CLASS, D_CLASS, E_SIGMOID, F_FUNCTIONS),
    "whole-words": Style(C_WORD, D_WORD, E_CELL, training("d2", "CellNet(32)", loss="ce", output="net(x)[0]")),
    "tensor": Style(C_TENSOR, D_TENSOR, E_CAT, F_SUBSET),
    "sklearn": Style(C_SKLEARN, D_SKLEARN, E_STEP, F_STEP),
    "lambda": Style(C_LAMBDA, D_LAMBDA, E_LINEAR, training("full", "Elman(27, 16, 2)", loss="ce", batch=100)),
    "method": Style(C_METHOD, D_METHOD, E_LINEAR, training("nd", "Elman(27, 16, 1)", loss="bce")),
    "collate": Style(C_COLLATE, D_COLLATE, E_RNN, training("cds", "Net(27, 20, 2)", loss="ce", collate="pad_collate")),
}
