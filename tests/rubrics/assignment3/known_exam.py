"""Questions 3c to 3e of the known graded exam, as different students may have written them."""

from __future__ import annotations

from tests.rubrics.assignment3.pieces import DATA, NETWORK, TRAINING, change

UPSCALED = change(DATA, ("transforms.Compose([", "transforms.Compose([transforms.Resize((64, 64)), "))

LINEAR_NETWORK = change(NETWORK, ("F.relu(self.conv", "(self.conv"))

NO_TEST = TRAINING[: TRAINING.index("    model.eval()\n")] + "    print(epoch, running_loss / len(train_loader))\n"

CRASHES = [
    UPSCALED,
    change(LINEAR_NETWORK, ("128 * 8 * 1", "128 * 4 * 4")),
    change(
        NO_TEST,
        ("nn.CrossEntropyLoss()", "nn.MSELoss()"),
        ("criterion(outputs, labels)", "criterion(outputs, F.one_hot(labels, 10).float())"),
    ),
]

CRASHES_TWICE = [
    UPSCALED,
    change(LINEAR_NETWORK, ("128 * 8 * 1", "128 * 5 * 5")),
    change(NO_TEST, ("CrossEntropyLoss", "MSELoss")),
]

RESHAPED = [
    change(DATA, ("transforms.Compose([", "transforms.Compose([transforms.Resize(48), ")),
    change(LINEAR_NETWORK, ("128 * 8 * 1", "128 * 16"), ("torch.flatten(x, 1)", "x.view(-1, 128 * 16)")),
    change(NO_TEST, ("CrossEntropyLoss", "NLLLoss")),
]

WORKS_ON_LARGE_IMAGES = [
    UPSCALED,
    """
net = nn.Sequential(
    nn.Conv2d(3, 32, 5, 1, (2, 0)), nn.BatchNorm2d(32), nn.MaxPool2d(2, 2),
    nn.Conv2d(32, 64, 5, 1, (2, 0)), nn.BatchNorm2d(64), nn.MaxPool2d(2, 2),
    nn.Conv2d(64, 128, 5, 1, (2, 0)), nn.BatchNorm2d(128),
    nn.Flatten(), nn.Linear(128 * 16 * 9, 64), nn.Linear(64, 10), nn.Softmax(dim=1),
).cuda()
""",
    """
opt = torch.optim.SGD(net.parameters(), lr=0.01)
history = []
def train():
    net.train()
    total = 0
    for x, y in train_loader:
        opt.zero_grad()
        loss = F.cross_entropy(net(x.cuda()), y.cuda())
        loss.backward()
        opt.step()
        total += loss.item() * len(x)
    return total / len(train_data)

for epoch in range(10):
    history.append(train())
    print("epoch", epoch, "loss", history[-1])
""",
]

VARIANTS: dict[str, list[str]] = {
    "crashes because of the final layer": CRASHES,
    "crashes because of the final layer and the loss": CRASHES_TWICE,
    "reshaped to the wrong size": RESHAPED,
    "two layers in the end, works on large images": WORKS_ON_LARGE_IMAGES,
}
