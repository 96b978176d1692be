"""Question 3e as students write it: training at top level, in functions and in classes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """Cells of question 3e.

    ``TRAIN``, ``TEST`` and ``NET`` stand for the expressions of the loaders and of a new network, ``LOSS`` and ``FLOSS``
    for the class and the function of the loss that fits the network.

    Attributes:
        source: The code; `` # ---`` lines cut it into cells.
        regular: Whether it regularizes by itself (weight decay).
    """

    source: str
    regular: bool = False


TRAININGS: dict[str, Training] = {}

TRAININGS["top level"] = Training(
    """import torch
import torch.nn as nn
import torch.optim as optim

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
net = NET.to(device)
criterion = nn.LOSS()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

for epoch in range(10):
    net.train()
    running_loss = 0.0
    for i, data in enumerate(TRAIN):
        inputs, labels = data[0].to(device), data[1].to(device)
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()

    correct, total = 0, 0
    net.eval()
    with torch.no_grad():
        for data in TEST:
            images, labels = data[0].to(device), data[1].to(device)
            outputs = net(images)
            _, predicted = torch.max(outputs.data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f'Epoch {epoch + 1}: loss {running_loss / len(TRAIN):.3f}, test accuracy {100 * correct / total:.1f} %')
print('Finished Training')
"""
)

TRAININGS["functions"] = Training(
    """import torch
from torch import nn
import torch.nn.functional as F

device = 'cuda:0' if torch.cuda.is_available() else 'cpu'

def train_one_epoch(model, loader, optimizer):
    model.train()
    total_loss, n = 0.0, 0
    for xb, yb in loader:
        xb, yb = xb.to(device, non_blocking=True), yb.to(device, non_blocking=True)
        logits = model(xb)
        loss = F.FLOSS(logits, yb)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * xb.size(0)
        n += xb.size(0)
    return total_loss / n

@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    hits = 0
    for xb, yb in loader:
        xb, yb = xb.to(device), yb.to(device)
        hits += (model(xb).argmax(dim=1) == yb).sum().item()
    return hits / len(loader.dataset)
# ---
model = NET.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
history = {'loss': [], 'acc': []}
for epoch in range(1, 11):
    history['loss'].append(train_one_epoch(model, TRAIN, optimizer))
    history['acc'].append(evaluate(model, TEST))
    print('epoch %2d  train loss %.4f  test acc %.4f' % (epoch, history['loss'][-1], history['acc'][-1]))
""",
    regular=True,
)

TRAININGS["trainer class"] = Training(
    """import torch
import torch.nn as nn

class Trainer:
    def __init__(self, model, train_loader, test_loader, lr=3e-4, epochs=10):
        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self.model = model.to(self.device)
        self.train_loader = train_loader
        self.test_loader = test_loader
        self.opt = torch.optim.AdamW(self.model.parameters(), lr=lr, weight_decay=0.01)
        self.loss_fn = nn.LOSS()
        self.epochs = epochs
        self.train_losses, self.test_accs = [], []

    def step(self, batch):
        x, y = (t.to(self.device) for t in batch)
        self.opt.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.opt.step()
        return loss.item()

    def train_epoch(self):
        self.model.train()
        losses = [self.step(batch) for batch in self.train_loader]
        return sum(losses) / len(losses)

    def test(self):
        self.model.train(False)
        right = count = 0
        with torch.inference_mode():
            for x, y in self.test_loader:
                pred = self.model(x.to(self.device)).argmax(1).cpu()
                right += int((pred == y).sum())
                count += len(y)
        return right / count

    def fit(self):
        for e in range(self.epochs):
            self.train_losses.append(self.train_epoch())
            self.test_accs.append(self.test())
            print(f"[{e+1:02d}/{self.epochs}] loss={self.train_losses[-1]:.5f} acc={self.test_accs[-1]:.2%}")

trainer = Trainer(NET, TRAIN, TEST)
trainer.fit()
""",
    regular=True,
)

TRAININGS["main"] = Training(
    """import torch
from torch import nn, optim

def main():
    assert torch.cuda.is_available(), 'please use a GPU'
    model = NET.cuda()
    loss_function = nn.LOSS().cuda()
    optimizer = optim.RMSprop(model.parameters(), lr=0.001)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    num_epochs = 10
    for epoch in range(num_epochs):
        model.train()
        epoch_loss = 0
        for images, targets in TRAIN:
            images = images.cuda()
            targets = targets.cuda()
            optimizer.zero_grad()
            prediction = model(images)
            loss = loss_function(prediction, targets)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            epoch_loss += loss.item()
        scheduler.step()
        epoch_loss /= len(TRAIN)

        model.eval()
        accuracy = 0
        samples = 0
        with torch.set_grad_enabled(False):
            for images, targets in TEST:
                images, targets = images.cuda(), targets.cuda()
                prediction = model(images).max(dim=1).indices
                accuracy += prediction.eq(targets).sum().item()
                samples += targets.shape[0]
        accuracy = accuracy / samples
        print('Epoch', epoch + 1, 'of', num_epochs, '- average training loss:', epoch_loss, '- test accuracy:', accuracy)

if __name__ == '__main__':
    main()
"""
)

TRAININGS["mixed precision"] = Training(
    """import torch
from tqdm.auto import tqdm

device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')
torch.manual_seed(0)
cnn = NET
cnn = cnn.to(device)
optim = torch.optim.SGD(cnn.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4, nesterov=True)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(optim, T_max=10)
scaler = torch.amp.GradScaler('cuda', enabled=device.type == 'cuda')
ce = torch.nn.LOSS()

train_losses = []
test_accuracies = []
for ep in tqdm(range(10)):
    cnn.train()
    loss_sum, seen = 0.0, 0
    for x, y in tqdm(TRAIN, leave=False):
        x, y = x.to(device), y.to(device)
        optim.zero_grad()
        with torch.autocast(device_type=device.type, enabled=device.type == 'cuda'):
            out = cnn(x)
            loss = ce(out, y)
        scaler.scale(loss).backward()
        scaler.step(optim)
        scaler.update()
        loss_sum += loss.detach() * len(x)
        seen += len(x)
    sched.step()
    train_losses.append((loss_sum / seen).item())

    cnn.eval()
    n_right, n_all = 0, 0
    with torch.inference_mode():
        for x, y in TEST:
            x, y = x.to(device), y.to(device)
            n_right += (cnn(x).argmax(-1) == y).sum()
            n_all += y.numel()
    test_accuracies.append((n_right / n_all).item())
    tqdm.write(f'{ep}: {train_losses[-1]:.4f} {test_accuracies[-1]:.4f}')
""",
    regular=True,
)

TRAININGS["data frame and curves"] = Training(
    """import torch
import pandas as pd
import matplotlib.pyplot as plt
from torch import nn
from sklearn.metrics import accuracy_score

device = torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")
model = NET.to(device)
lossfn = nn.LOSS()
opt = torch.optim.Adam(model.parameters())
rows = []
for epoch in range(10):
    model.train()
    losses = []
    for img, lbl in TRAIN:
        img, lbl = img.to(device), lbl.to(device)
        l = lossfn(model(img), lbl)
        opt.zero_grad()
        l.backward()
        opt.step()
        losses.append(l.item())
    model.eval()
    truth, guess = [], []
    with torch.no_grad():
        for img, lbl in TEST:
            guess.extend(model(img.to(device)).argmax(1).cpu().tolist())
            truth.extend(lbl.tolist())
    rows.append({"epoch": epoch + 1, "train_loss": sum(losses) / len(losses), "test_acc": accuracy_score(truth, guess)})
df = pd.DataFrame(rows).set_index("epoch")
df
# ---
df.plot(subplots=True, figsize=(6, 5))
plt.show()
"""
)

TRAININGS["numpy"] = Training(
    """import numpy as np
import torch

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
network = NET
network.to(device)
objective = torch.nn.LOSS(reduction='mean')
adam = torch.optim.Adam(params=network.parameters(), lr=0.0005, betas=(0.9, 0.99))
EPOCHS = 10
mean_losses = np.zeros(EPOCHS)
accuracies = np.zeros(EPOCHS)

for t in range(EPOCHS):
    network.train()
    batch_losses = []
    for X, Y in TRAIN:
        adam.zero_grad()
        J = objective(network(X.to(device)), Y.to(device))
        J.backward()
        adam.step()
        batch_losses.append(J.detach().cpu().numpy())
    mean_losses[t] = np.mean(batch_losses)

    network.eval()
    all_right = []
    for X, Y in TEST:
        with torch.no_grad():
            Z = network(X.to(device))
        all_right.append(Z.cpu().numpy().argmax(axis=1) == Y.numpy())
    accuracies[t] = np.concatenate(all_right).mean()
    print("Epoch {}: J = {:.4f}, accuracy = {:.2f}%".format(t + 1, mean_losses[t], accuracies[t] * 100))
"""
)

TRAININGS["German"] = Training(
    """import torch
from torch import nn

geraet = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
netz = NET.to(geraet)
fehlerfunktion = nn.LOSS()
optimierer = torch.optim.Adam(netz.parameters(), lr=0.001)
anzahl_epochen = 10

def genauigkeit(netz, lader):
    netz.eval()
    richtig, gesamt = 0, 0
    with torch.no_grad():
        for bilder, ziffern in lader:
            bilder, ziffern = bilder.to(geraet), ziffern.to(geraet)
            vorhersage = torch.argmax(netz(bilder), dim=1)
            richtig += torch.sum(vorhersage == ziffern).item()
            gesamt += ziffern.size(0)
    netz.train()
    return 100.0 * richtig / gesamt

for epoche in range(1, anzahl_epochen + 1):
    summe = 0.0
    for bilder, ziffern in TRAIN:
        bilder, ziffern = bilder.to(geraet), ziffern.to(geraet)
        optimierer.zero_grad()
        verlust = fehlerfunktion(netz(bilder), ziffern)
        verlust.backward()
        optimierer.step()
        summe += verlust.item()
    mittel = summe / len(TRAIN)
    print(f'Epoche {epoche}: mittlerer Verlust = {mittel:.4f}, Testgenauigkeit = {genauigkeit(netz, TEST):.2f} %')
"""
)
