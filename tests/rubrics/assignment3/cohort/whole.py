"""Whole notebooks that do not come in three parts: unusual ways that are right."""

from __future__ import annotations

WHOLE: dict[str, tuple[str, ...]] = {}

WHOLE["archive read by hand"] = (
    """import numpy as np
import torch
from scipy.io import loadmat
from torch import nn
from torch.utils.data import Dataset, DataLoader
from torchvision.datasets import SVHN

for split in ('train', 'test'):
    SVHN('files', split=split, download=True)

class MatDataset(Dataset):
    def __init__(self, split):
        mat = loadmat(f'files/{split}_32x32.mat')
        self.x = torch.tensor(mat['X'].transpose(3, 2, 0, 1), dtype=torch.float32) / 255
        self.y = torch.tensor(mat['y'].astype(np.int64).ravel() % 10)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index], self.y[index]

train_loader = DataLoader(MatDataset('train'), batch_size=16, shuffle=True)
test_loader = DataLoader(MatDataset('test'), batch_size=16)
""",
    """net = nn.Sequential(
    nn.Conv2d(3, 32, 5, padding=(2, 0)), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.BatchNorm2d(128), nn.ReLU(),
    nn.Conv2d(128, 10, kernel_size=(8, 1)), nn.Flatten(),
).to('cuda')
""",
    """optimizer = torch.optim.Adam(net.parameters())
for epoch in range(10):
    net.train()
    losses = []
    for x, y in train_loader:
        x, y = x.cuda(), y.cuda()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        hits = sum((net(x.cuda()).argmax(1).cpu() == y).sum().item() for x, y in test_loader)
    print(epoch, np.mean(losses), hits / len(test_loader.dataset))
""",
)

WHOLE["everything in one cell, French"] = (
    """import torch
from torchvision.datasets import SVHN
from torchvision.transforms import ToTensor

appareil = 'cuda' if torch.cuda.is_available() else 'cpu'
entrainement = SVHN('donnees', 'train', download=True, transform=ToTensor())
essai = SVHN('donnees', 'test', download=True, transform=ToTensor())
lots_entrainement = torch.utils.data.DataLoader(entrainement, batch_size=18, shuffle=True)
lots_essai = torch.utils.data.DataLoader(essai, batch_size=18)

class Reseau(torch.nn.Module):
    def __init__(soi):
        super().__init__()
        soi.c1 = torch.nn.Conv2d(3, 32, 5, padding=(2, 0))
        soi.c2 = torch.nn.Conv2d(32, 64, 5, padding=(2, 0))
        soi.c3 = torch.nn.Conv2d(64, 128, 5, padding=(2, 0))
        soi.n = torch.nn.BatchNorm1d(1024)
        soi.fin = torch.nn.Linear(1024, 10)

    def caracteristiques(soi, x):
        x = soi.c1(x).clamp(min=0)
        x = torch.nn.functional.max_pool2d(x, 2)
        x = soi.c2(x).clamp(min=0)
        x = torch.nn.functional.max_pool2d(x, 2)
        return soi.c3(x).clamp(min=0)

    def forward(soi, x):
        return soi.fin(soi.n(soi.caracteristiques(x).flatten(1)))

reseau = Reseau().to(appareil)
optimiseur = torch.optim.SGD(reseau.parameters(), lr=0.05)
cout = torch.nn.CrossEntropyLoss()
pertes, precisions = [], []
for epoque in range(10):
    reseau.train()
    somme, nombre = 0., 0
    for image, chiffre in lots_entrainement:
        image, chiffre = image.to(appareil), chiffre.to(appareil)
        optimiseur.zero_grad()
        perte = cout(reseau(image), chiffre)
        perte.backward()
        optimiseur.step()
        somme += float(perte) * len(image)
        nombre += len(image)
    pertes.append(somme / nombre)
    reseau.eval()
    bons, tous = 0, 0
    with torch.no_grad():
        for image, chiffre in lots_essai:
            prediction = reseau(image.to(appareil)).topk(1, dim=1)[1].squeeze(1)
            bons += (prediction == chiffre.to(appareil)).sum().item()
            tous += chiffre.numel()
    precisions.append(bons / tous)
    print(f'Epoque {epoque + 1}, perte moyenne : {pertes[-1]:.3f}, precision : {100 * precisions[-1]:.1f} %')
""",
)

WHOLE["unlucky order and stray cells"] = (
    """import torch, torchvision
from torch import nn
print(model)
""",
    """class MyModel(nn.Module):
    def __init__(self):
        super().__init__()
        k = dict(kernel_size=5, padding=(2, 0))
        self.a, self.b, self.c = nn.Conv2d(3, 32, **k), nn.Conv2d(32, 64, **k), nn.Conv2d(64, 128, **k)
        self.d = nn.Linear(1024, 10)
        self.drop = nn.Dropout(0.2)
    def forward(self, x, return_features=False):
        f = nn.functional
        x = f.max_pool2d(f.relu(self.a(x)), 2)
        x = f.max_pool2d(f.relu(self.b(x)), 2)
        x = f.relu(self.c(x))
        z = self.d(self.drop(torch.flatten(x, 1)))
        return (z, x) if return_features else z
""",
    """import matplotlib.pyplot as plt
img = plt.imread('my_own_house.png')
plt.imshow(img)
""",
    """tf = torchvision.transforms.Compose([torchvision.transforms.ToTensor()])
tr = torchvision.datasets.SVHN('.', split='train', transform=tf, download=True)
te = torchvision.datasets.SVHN('.', split='test', transform=tf, download=True)
train_loader = torch.utils.data.DataLoader(tr, batch_size=16, shuffle=True)
test_loader = torch.utils.data.DataLoader(te, batch_size=16)
x, y = next(iter(train_loader))
print(MyModel()(x).shape, undefined_name)
""",
    """def accuracy(net, loader, device):
    net.eval()
    with torch.no_grad():
        ok = [net(x.to(device)).argmax(1).eq(y.to(device)) for x, y in loader]
    net.train()
    return torch.cat(ok).float().mean().item()

device = torch.device('cuda')
model = torch.compile(MyModel()) if False else MyModel()
model.cuda()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
log = {}
for ep in range(10):
    s = 0
    for n, (x, y) in enumerate(train_loader, start=1):
        x = x.to(device); y = y.to(device)
        opt.zero_grad()
        l = nn.CrossEntropyLoss()(model(x), y)
        l.backward(); opt.step()
        s += (l.item() - s) / n
    log[ep] = (s, accuracy(model, test_loader, device))
    print(ep, log[ep])
""",
)

WHOLE["network of functions and a dictionary of weights"] = (
    """import math
import torch
import torch.nn.functional as F
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
t = transforms.Compose([transforms.RandomCrop(32, padding=2), transforms.ToTensor()])
loader = DataLoader(datasets.SVHN('d', split='train', transform=t, download=True), batch_size=16, shuffle=True)
test_loader = DataLoader(datasets.SVHN('d', split='test', transform=transforms.ToTensor(), download=True), batch_size=40)
""",
    """def weight(*shape):
    w = torch.randn(*shape, device=dev) / math.sqrt(math.prod(shape[1:]) or 1)
    return w.requires_grad_()

params = {
    'w1': weight(32, 3, 5, 5), 'w2': weight(64, 32, 5, 5), 'w3': weight(128, 64, 5, 5), 'w4': weight(10, 1024),
}

def network(x):
    h = F.max_pool2d(F.relu(F.conv2d(x, params['w1'], padding=(2, 0))), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, params['w2'], padding=(2, 0))), 2)
    h = F.relu(F.conv2d(h, params['w3'], padding=(2, 0)))
    return F.linear(h.flatten(1), params['w4'])
""",
    """opt = torch.optim.SGD(params.values(), lr=0.05, weight_decay=1e-4)
for epoch in range(10):
    total = 0.
    for x, y in loader:
        x, y = x.to(dev), y.to(dev)
        opt.zero_grad()
        loss = F.cross_entropy(network(x), y)
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        right = sum((network(x.to(dev)).argmax(1) == y.to(dev)).sum().item() for x, y in test_loader)
    print(f'{epoch}: {total / len(loader):.4f} {right / len(test_loader.dataset):.4f}')
""",
)

WHOLE["module that trains itself"] = (
    """import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

class SVHNClassifier(nn.Module):
    def __init__(self, root='data', batch=16):
        super().__init__()
        tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
        self.train_loader = DataLoader(datasets.SVHN(root, 'train', tf, download=True), batch, shuffle=True)
        self.test_loader = DataLoader(datasets.SVHN(root, 'test', tf, download=True), batch)
        self.net = nn.Sequential(
            nn.Conv2d(3, 32, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.ReLU(), nn.Flatten(),
            nn.Dropout(0.5), nn.Linear(1024, 10),
        )
        self.loss = nn.CrossEntropyLoss()

    def forward(self, x):
        return self.net(x)

    def fit(self, epochs=10, device='cuda'):
        self.to(device)
        opt = optim.Adam(self.parameters())
        for e in range(1, epochs + 1):
            self.train()
            acc = 0.0
            for x, y in self.train_loader:
                loss = self.loss(self(x.to(device)), y.to(device))
                opt.zero_grad()
                loss.backward()
                opt.step()
                acc += loss.item()
            print(f'{e}/{epochs} loss={acc / len(self.train_loader):.4f} test={self.score(device):.4f}')

    @torch.no_grad()
    def score(self, device):
        self.eval()
        n = 0
        for x, y in self.test_loader:
            n += (self(x.to(device)).argmax(1) == y.to(device)).sum().item()
        return n / len(self.test_loader.dataset)
""",
    """clf = SVHNClassifier()
clf.fit()
""",
)
