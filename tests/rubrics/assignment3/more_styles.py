"""Further right solutions: mixed precision, wrappers, hand-made batches, tutorials."""

from __future__ import annotations

from tests.rubrics.assignment3.pieces import DATA, NETWORK, TRAINING, change, network, training

MIXED_PRECISION = training(
    ("num_epochs = 10", "num_epochs = 10\nscaler = torch.amp.GradScaler('cuda')"),
    (
        "        outputs = model(images)\n        loss = criterion(outputs, labels)\n"
        "        loss.backward()\n        optimizer.step()\n",
        "        with torch.autocast('cuda'):\n            outputs = model(images)\n"
        "            loss = criterion(outputs, labels)\n"
        "        scaler.scale(loss).backward()\n        scaler.step(optimizer)\n        scaler.update()\n",
    ),
)

MEAN_OF_BATCHES = training(
    (
        "            total += labels.size(0)\n            correct += (predicted == labels).sum().item()\n",
        "            correct += (predicted == labels).float().mean()\n",
    ),
    ("100 * correct / total", "100 * correct / len(test_loader)"),
)

TENSORS_PRINTED = training(
    ("Loss: {running_loss / len(train_loader):.4f}, ", "{torch.tensor(running_loss / len(train_loader))} "),
    ("{100 * correct / total:.2f}%", "{torch.tensor(correct / total)}"),
)

BATCHES_BY_HAND = [
    DATA,
    NETWORK,
    change(
        TRAINING,
        (
            "for epoch in range(num_epochs):",
            "xs = torch.stack([train_data[i][0] for i in range(88)]).to(device)\n"
            "ys = torch.tensor([train_data[i][1] for i in range(88)]).to(device)\nfor epoch in range(num_epochs):",
        ),
        (
            "    for images, labels in train_loader:\n        images, labels = images.to(device), labels.to(device)\n",
            "    perm = torch.randperm(88)\n    for i in range(0, 88, 32):\n"
            "        images, labels = xs[perm[i:i+32]], ys[perm[i:i+32]]\n",
        ),
    ),
]

TUTORIAL = [
    DATA,
    NETWORK,
    "criterion = nn.CrossEntropyLoss()\noptimizer = torch.optim.Adam(model.parameters())",
    """
def train(epoch):
    model.train()
    total = 0
    for b, (x, y) in enumerate(train_loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        l = criterion(model(x), y)
        l.backward()
        optimizer.step()
        total += l.item()
        print(f"Train Epoch: {epoch} [{b * len(x)}/{len(train_data)}] Loss: {l.item():.6f}")
    print(f"Epoch {epoch}: avg loss {total / (b + 1):.6f}")
""",
    """
def test():
    model.eval()
    test_loss = correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            x, y = x.to(device), y.to(device)
            out = model(x)
            test_loss += F.cross_entropy(out, y, reduction="sum").item()
            pred = out.argmax(dim=1, keepdim=True)
            correct += pred.eq(y.view_as(pred)).sum().item()
    test_loss /= len(test_loader.dataset)
    print("\\nTest set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)\\n".format(
        test_loss, correct, len(test_loader.dataset), 100. * correct / len(test_loader.dataset)))
""",
    "for epoch in range(1, 11):\n    train(epoch)\n    test()",
]

PHASES = [
    DATA,
    NETWORK,
    """
def train_model(model, loaders, criterion, optimizer, num_epochs=10):
    for epoch in range(num_epochs):
        for phase in ["train", "test"]:
            model.train() if phase == "train" else model.eval()
            rl, rc = 0.0, 0
            for inputs, labels in loaders[phase]:
                inputs, labels = inputs.to(device), labels.to(device)
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                rl += loss.item() * inputs.size(0)
                rc += torch.sum(preds == labels.data)
            n = len(loaders[phase].dataset)
            print("{} Loss: {:.4f} Acc: {:.4f}".format(phase, rl / n, rc.double() / n))
    return model

loaders = {"train": train_loader, "test": test_loader}
model = train_model(model, loaders, nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters()))
""",
]

SUMMED = training(
    ("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')"),
    ("running_loss / len(train_loader)", "running_loss / len(train_data)"),
)

OWN_LOSS = training(
    ("loss = criterion(outputs, labels)", "loss = my_loss(outputs, labels)"),
    (
        "num_epochs = 10",
        "num_epochs = 10\ndef my_loss(o, t):\n    p = torch.softmax(o, 1)\n"
        "    return -(F.one_hot(t, 10) * torch.log(p + 1e-9)).sum(1).mean()",
    ),
)

NEXT_OF_ITER = training(
    (
        "for images, labels in train_loader:",
        "for _ in range(len(train_loader)):\n        images, labels = next(iter(train_loader))",
    ),
)

VERSION_2 = [
    change(
        DATA,
        ("import datasets, transforms", "import datasets\nfrom torchvision.transforms import v2"),
        (
            "transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])",
            "v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])",
        ),
    ),
    NETWORK,
    TRAINING,
]

MORE_STYLES: dict[str, list[str]] = {
    "mixed precision": MIXED_PRECISION,
    "data parallel": [DATA, NETWORK + "\nmodel = nn.DataParallel(model)\n", TRAINING],
    "mean of the batches' accuracies": MEAN_OF_BATCHES,
    "tensors printed": TENSORS_PRINTED,
    "batches by hand": BATCHES_BY_HAND,
    "tutorial": TUTORIAL,
    "phases": PHASES,
    "summed loss": SUMMED,
    "own loss": OWN_LOSS,
    "next of iter": NEXT_OF_ITER,
    "transforms of version 2": VERSION_2,
    "softmax while testing only": network(
        ("return self.fc(x)", "x = self.fc(x)\n        return x if self.training else F.softmax(x, 1)"),
    ),
    "downloaded beforehand": [
        change(
            DATA,
            (" download=True,", ""),
            (
                "train_data = datasets",
                "for part in ('train', 'test'):\n    datasets.SVHN('./data', part, download=True)\ntrain_data = datasets",
            ),
        ),
        NETWORK,
        TRAINING,
    ],
    "gradients without backward": training(
        (
            "loss.backward()",
            "for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):\n            p.grad = g",
        ),
    ),
    "final print": [DATA, NETWORK, TRAINING, "print('Final accuracy', 100 * correct / total)"],
}
