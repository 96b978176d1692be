"""Further trainings: comparisons of networks, penalties, loops of other kinds."""

from __future__ import annotations

from tests.rubrics.assignment3.cohort.trainings import Training

MORE_TRAININGS: dict[str, Training] = {}

MORE_TRAININGS["accelerator"] = Training(
    """import torch
import logging
import copy

logging.basicConfig(level=logging.INFO, format='%(message)s', force=True)
log = logging.getLogger('svhn')
device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
model = NET.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = torch.nn.LOSS()
best_acc, best_state = 0.0, None
hist = []

for epoch in range(10):
    model.train()
    meter, count = 0.0, 0
    for batch, (X, y) in enumerate(TRAIN):
        X, y = X.to(device), y.to(device)
        pred = model(X)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        meter += loss.item() * y.size(0)
        count += y.size(0)
    model.eval()
    correct = 0
    with torch.no_grad():
        for X, y in TEST:
            X, y = X.to(device), y.to(device)
            correct += (model(X).argmax(1) == y).type(torch.float).sum().item()
    acc = correct / len(TEST.dataset)
    hist.append((meter / count, acc))
    log.info('epoch %d: avg loss %.4f, accuracy %.4f', epoch + 1, meter / count, acc)
    if acc > best_acc:
        best_acc, best_state = acc, copy.deepcopy(model.state_dict())
if best_state is not None:
    model.load_state_dict(best_state)
print(f'best test accuracy: {best_acc:.3f}')
"""
)

MORE_TRAININGS["several networks"] = Training(
    """import torch
from torch import nn

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def fit(model, optimizer, n_epochs=10):
    losses, accs = [], []
    criterion = nn.LOSS()
    for _ in range(n_epochs):
        model.train()
        s = 0.
        for x, t in TRAIN:
            x, t = x.to(device), t.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), t)
            loss.backward()
            optimizer.step()
            s += loss.item()
        losses.append(s / len(TRAIN))
        model.eval()
        ok = tot = 0
        with torch.no_grad():
            for x, t in TEST:
                x, t = x.to(device), t.to(device)
                ok += (model(x).argmax(1) == t).sum().item()
                tot += t.size(0)
        accs.append(ok / tot)
    return losses, accs

results = {}
for lr in (1e-3, 1e-4):
    model = NET.to(device)
    results[lr] = fit(model, torch.optim.Adam(model.parameters(), lr=lr))
    for e, (l, a) in enumerate(zip(*results[lr]), 1):
        print(f'lr={lr} epoch {e}: train loss {l:.4f}, test acc {a:.4f}')
"""
)

MORE_TRAININGS["penalty"] = Training(
    """import torch
import torch.nn.functional as F

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = NET.to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
lam = 1e-4

for epoch in range(10):
    model.train()
    losses = []
    for x, y in TRAIN:
        x = x.to(device)
        y = y.to(device)
        optimizer.zero_grad()
        data_loss = F.FLOSS(model(x), y)
        l2 = sum((p ** 2).sum() for p in model.parameters())
        (data_loss + lam * l2).backward()
        optimizer.step()
        losses.append(data_loss.item())
    model.eval()
    with torch.no_grad():
        acc = torch.cat([model(x.to(device)).argmax(1).cpu() == y for x, y in TEST]).float().mean().item()
    print(epoch + 1, torch.tensor(losses).mean().item(), acc)
""",
    regular=True,
)

MORE_TRAININGS["while and next"] = Training(
    """import torch
from torch import nn, optim

use_cuda = torch.cuda.is_available()
dev = torch.device('cuda' if use_cuda else 'cpu')
model = NET
model = nn.DataParallel(model).to(dev) if use_cuda else model.to(dev)
crit = nn.LOSS(reduction='sum')
opt = optim.Adam(model.parameters(), lr=0.001)

def testing():
    was = model.training
    model.eval()
    good, bad = 0, 0
    with torch.no_grad():
        for im, la in TEST:
            z = model(im.to(dev)).cpu()
            p = z.softmax(1).argmax(1)
            good += int((p == la).sum())
            bad += int((p != la).sum())
    model.train(was)
    return good / (good + bad)

epoch = 0
while epoch < 10:
    epoch += 1
    total, number = 0.0, 0
    for im, la in TRAIN:
        opt.zero_grad()
        summed = crit(model(im.to(dev)), la.to(dev))
        (summed / len(la)).backward()
        opt.step()
        total += summed.item()
        number += len(la)
    print("Epoch " + str(epoch) + " | loss " + str(round(total / number, 4)) + " | accuracy " + str(round(testing(), 4)))
"""
)

MORE_TRAININGS["tuple of both"] = Training(
    """import time
import torch
from torch import nn
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def run_epoch(net, loader, criterion, optimizer=None):
    training = optimizer is not None
    net.train(training)
    loss_total = 0.0
    correct = 0
    seen = 0
    with torch.set_grad_enabled(training):
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            outputs = net(inputs)
            loss = criterion(outputs, labels)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_total += loss.item() * inputs.size(0)
            correct += (outputs.argmax(1) == labels).sum().item()
            seen += inputs.size(0)
    return loss_total / seen, correct / seen

net = NET.to(device)
criterion = nn.LOSS()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
start = time.time()
for epoch in range(10):
    tr_loss, tr_acc = run_epoch(net, TRAIN, criterion, optimizer)
    te_loss, te_acc = run_epoch(net, TEST, criterion)
    print(f"{epoch+1:>3} | train {tr_loss:.4f} / {tr_acc:.3f} | test {te_loss:.4f} / {te_acc:.3f} | {time.time()-start:.1f}s")
"""
)

MORE_TRAININGS["progress of batches"] = Training(
    """import torch
import torch.nn as nn

device = torch.device("cuda:0")
model = NET.to(device)
criterion = nn.LOSS()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, weight_decay=1e-5)
total_step = len(TRAIN)
loss_list = []
acc_list = []
num_epochs = 10

for epoch in range(num_epochs):
    model.train()
    epoch_loss = []
    for i, (images, labels) in enumerate(TRAIN):
        images = images.to(device)
        labels = labels.to(device)
        outputs = model(images)
        loss = criterion(outputs, labels)
        epoch_loss.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        _, predicted = torch.max(outputs.data, 1)
        if (i + 1) % 2 == 0:
            print('Epoch [{}/{}], Step [{}/{}], Loss: {:.4f}, Accuracy: {:.2f}%'.format(
                epoch + 1, num_epochs, i + 1, total_step, loss.item(),
                (predicted == labels).sum().item() / labels.size(0) * 100))
    loss_list.append(sum(epoch_loss) / len(epoch_loss))
    model.eval()
    with torch.no_grad():
        correct = 0
        total = 0
        for images, labels in TEST:
            images = images.to(device)
            labels = labels.to(device)
            outputs = model(images)
            _, predicted = torch.max(outputs.data, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
        acc_list.append(100 * correct / total)
    print('Mean loss of epoch {}: {:.4f}'.format(epoch + 1, loss_list[-1]))
    print('Test Accuracy of the model: {:.2f} %'.format(acc_list[-1]))
""",
    regular=True,
)

MORE_TRAININGS["summary at the end"] = Training(
    """import torch, statistics
from torch import nn

DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
m = NET.to(DEVICE)
o = torch.optim.Adamax(m.parameters(), lr=2e-3)
c = nn.LOSS()
train_loss_per_epoch = []
test_acc_per_epoch = []
for _ in range(10):
    m.train()
    ls = []
    for a, b in TRAIN:
        a, b = a.to(DEVICE), b.to(DEVICE)
        o.zero_grad()
        y = m(a)
        l = c(y, b)
        l.backward()
        o.step()
        ls += [l.item()]
    train_loss_per_epoch += [statistics.mean(ls)]
    m.eval()
    k = 0
    with torch.no_grad():
        for a, b in TEST:
            k += torch.eq(m(a.to(DEVICE)).argmax(1), b.to(DEVICE)).sum().item()
    test_acc_per_epoch += [k / len(TEST.dataset)]
# ---
import matplotlib.pyplot as plt
fig, (ax1, ax2) = plt.subplots(1, 2)
ax1.plot(range(1, 11), train_loss_per_epoch, label='average training loss')
ax2.plot(range(1, 11), test_acc_per_epoch, label='test accuracy')
ax1.legend(); ax2.legend()
plt.show()
"""
)
