"""Right solutions in different styles: each earns full points."""

from __future__ import annotations

from tests.rubrics.assignment3.pieces import DATA, NETWORK, RIGHT, TRAINING, change, data, network, training

SEQUENTIAL = """
net = nn.Sequential(
    nn.Conv2d(3, 32, 5, padding=(2, 0)), nn.BatchNorm2d(32), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.BatchNorm2d(64), nn.ELU(), nn.MaxPool2d(2),
    nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.BatchNorm2d(128), nn.Tanh(),
    nn.Flatten(), nn.Linear(1024, 10),
)
net.cuda()
"""

FUNCTIONS = """
def fit_one_epoch(net, loader, opt):
    net.train()
    total, n = 0.0, 0
    for x, y in loader:
        x, y = x.cuda(), y.cuda()
        loss = F.cross_entropy(net(x), y)
        net.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        total += loss.item() * x.size(0)
        n += x.size(0)
    return total / n

@torch.inference_mode()
def evaluate(net, loader):
    net.eval()
    hits = 0
    for x, y in loader:
        hits += (net(x.cuda()).argmax(-1).cpu() == y).sum().item()
    return hits / len(loader.dataset)
"""

LISTS = """
losses, accs = [], []
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
for _ in range(10):
    losses.append(fit_one_epoch(net, train_loader, opt))
    accs.append(evaluate(net, test_loader))
"""

BLOCKS = """
class Block(nn.Module):
    def __init__(self, i, o, pool):
        super().__init__()
        self.pad = nn.ZeroPad2d((0, 0, 2, 2))
        self.conv = nn.Conv2d(i, o, 5)
        self.norm = nn.BatchNorm2d(o)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.act = nn.GELU()

    def forward(self, x):
        return self.act(self.pool(self.norm(self.conv(self.pad(x)))))

class Classifier(nn.Module):
    def __init__(self, channels=(3, 32, 64, 128), classes=10):
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(a, b, i < 2) for i, (a, b) in enumerate(zip(channels, channels[1:]))
        )
        self.head = nn.LazyLinear(classes)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x.flatten(start_dim=1))

model = Classifier().to(device)
model(next(iter(train_loader))[0].to(device))
"""

TRAINER = """
class Trainer:
    def __init__(self, model, epochs):
        self.model, self.epochs = model, epochs
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        self.history = {"loss": [], "acc": []}

    def step(self, batch):
        x, y = (t.to(device) for t in batch)
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def test(self):
        self.model.eval()
        with torch.no_grad():
            right = torch.cat([(self.model(x.to(device)).argmax(1) == y.to(device)) for x, y in test_loader])
        self.model.train()
        return right.float().mean().item()

    def run(self):
        epoch = 0
        while epoch < self.epochs:
            self.model.train()
            losses = [self.step(batch) for batch in train_loader]
            self.history["loss"].append(torch.stack(losses).mean().item())
            self.history["acc"].append(self.test())
            epoch += 1

trainer = Trainer(model, 10)
trainer.run()
"""

LOG_SOFTMAX = change(NETWORK, ("return self.fc(x)", "return F.log_softmax(self.fc(x), dim=1)"))
NLL = change(TRAINING, ("nn.CrossEntropyLoss()", "nn.NLLLoss()"))

BY_HAND = change(
    TRAINING,
    (
        "loss = criterion(outputs, labels)",
        "loss = -torch.log_softmax(outputs, 1)[torch.arange(len(labels)), labels].mean()",
    ),
)

FUNCTIONAL = """
def weight(*shape):
    return (torch.randn(*shape, device=device) * 0.05).requires_grad_()

w1, b1 = weight(32, 3, 5, 5), weight(32)
w2, b2 = weight(64, 32, 5, 5), weight(64)
w3, b3 = weight(128, 64, 5, 5), weight(128)
wf, bf = weight(10, 1024), weight(10)
params = [w1, b1, w2, b2, w3, b3, wf, bf]

def network(x):
    x = F.max_pool2d(F.conv2d(x, w1, b1, padding=(2, 0)).relu(), 2)
    x = F.max_pool2d(F.conv2d(x, w2, b2, padding=(2, 0)).relu(), 2)
    x = F.conv2d(x, w3, b3, padding=(2, 0)).relu()
    return F.linear(x.reshape(len(x), -1), wf, bf)
"""

SHARED = """
def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    loss_sum, hits, seen = 0.0, 0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            out = model(x)
            loss = criterion(out, y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += int((out.argmax(1) == y).sum())
            seen += len(y)
    return loss_sum / seen, hits / seen

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), 0.05, weight_decay=1e-4)
for epoch in range(1, 11):
    train_loss, train_acc = run_epoch(model, train_loader, optimizer)
    test_loss, test_acc = run_epoch(model, test_loader)
    print("%d\\t%.3f\\t%.3f\\t%.3f\\t%.3f" % (epoch, train_loss, train_acc, test_loss, test_acc))
"""

FRAME = (
    change(
        TRAINING,
        ("num_epochs = 10", "num_epochs = 10\nrows = []"),
        ('    print(f"Epoch [{epoch + 1}/{num_epochs}], Loss: {running_loss / len(train_loader):.4f}, "\n', ""),
        (
            '          f"Test accuracy: {100 * correct / total:.2f}%")',
            "    rows.append({'epoch': epoch, 'train_loss': running_loss / len(train_loader), 'test_acc': correct / total})",
        ),
    )
    + "\nimport pandas as pd\nhistory = pd.DataFrame(rows)\nrows = None\nhistory\n"
)

TQDM = change(
    TRAINING,
    ("criterion = ", "from tqdm.auto import trange\ncriterion = "),
    ("for epoch in range(num_epochs):", "bar = trange(num_epochs)\nfor epoch in bar:"),
    (
        '    print(f"Epoch [{epoch + 1}/{num_epochs}], Loss: {running_loss / len(train_loader):.4f}, "\n'
        '          f"Test accuracy: {100 * correct / total:.2f}%")',
        "    bar.set_postfix(loss=running_loss / len(train_loader), acc=correct / total)\n"
        "    bar.write(f'{running_loss / len(train_loader):.5f} {correct / total:.4f}')",
    ),
)

WHOLE_TEST_SET = change(
    TRAINING,
    (
        "        for images, labels in test_loader:\n            images, labels = images.to(device), labels.to(device)\n"
        "            outputs = model(images)\n            _, predicted = torch.max(outputs, 1)\n"
        "            total += labels.size(0)\n            correct += (predicted == labels).sum().item()\n",
        "        predicted = model(test_x).argmax(1)\n        correct, total = (predicted == test_y).sum().item(), len(test_y)\n",
    ),
    (
        "criterion = ",
        "whole = DataLoader(datasets.SVHN('data', 'test', transform, download=True), batch_size=1000)\n"
        "test_x, test_y = next(iter(whole))\ntest_x, test_y = test_x.to(device), test_y.to(device)\ncriterion = ",
    ),
)

MAIN = (
    "def main():\n"
    + "\n".join("    " + line for line in (DATA + NETWORK + TRAINING).splitlines())
    .replace("    import torch.nn.functional as F", "    import torch.nn.functional as F")
    .replace("F.relu", "torch.relu")
    + "\n\nmain()\n"
)

SKLEARN = change(
    TRAINING,
    ("criterion = ", "from sklearn.metrics import accuracy_score\ncriterion = "),
    ("    correct, total = 0, 0\n", "    y_true, y_pred = [], []\n"),
    (
        "            total += labels.size(0)\n            correct += (predicted == labels).sum().item()\n",
        "            y_true += labels.tolist()\n            y_pred += predicted.tolist()\n",
    ),
    ("{100 * correct / total:.2f}%", "{accuracy_score(y_true, y_pred):.3f}"),
)

SCHEDULED = change(
    TRAINING,
    ("num_epochs = 10", "num_epochs = 10\nscheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)"),
    (
        "        optimizer.step()\n",
        "        nn.utils.clip_grad_norm_(model.parameters(), 5.0)\n        optimizer.step()\n",
    ),
    ("    model.eval()\n", "    scheduler.step()\n    model.eval()\n"),
)

INTEGER_PERCENT = training(
    ("{100 * correct / total:.2f}%", "{100 * correct // total} %"),
    ("Loss: {running_loss", "training loss = {running_loss"),
)

AT_THE_END = [
    DATA,
    NETWORK,
    change(
        TRAINING,
        ("num_epochs = 10", "num_epochs = 10\ntrain_hist = []\ntest_hist = []"),
        (
            '    print(f"Epoch [{epoch + 1}/{num_epochs}], Loss: {running_loss / len(train_loader):.4f}, "\n'
            '          f"Test accuracy: {100 * correct / total:.2f}%")',
            "    train_hist.append(running_loss / len(train_loader)); test_hist.append(100 * correct / total)",
        ),
    ),
    "for e, (l, a) in enumerate(zip(train_hist, test_hist)):\n    print('epoch', e, 'loss', l, 'accuracy', a)\ndel train_hist, test_hist",
]

ACCUMULATING = training(
    ("        optimizer.zero_grad()\n", ""),
    ("for images, labels in train_loader:\n", "for i, (images, labels) in enumerate(train_loader):\n"),
    (
        "        optimizer.step()\n",
        "        if (i + 1) % 2 == 0 or i + 1 == len(train_loader):\n"
        "            optimizer.step()\n            optimizer.zero_grad()\n",
    ),
)

AUGMENTED = data(
    (
        "train_data = datasets",
        "train_tf = transforms.Compose([transforms.RandomCrop(32, padding=2), transforms.ToTensor()])\n"
        "train_data = datasets",
    ),
    ('split="train", download=True, transform=transform', 'split="train", download=True, transform=train_tf'),
)
AUGMENTED[1] = change(NETWORK, ("        self.dropout = nn.Dropout(0.25)\n", ""), ("        x = self.dropout(x)\n", ""))

PENALTY = [
    DATA,
    change(NETWORK, ("        self.dropout = nn.Dropout(0.25)\n", ""), ("        x = self.dropout(x)\n", "")),
    change(
        TRAINING,
        (
            "loss = criterion(outputs, labels)",
            "loss = criterion(outputs, labels) + 1e-4 * sum(p.pow(2).sum() for p in model.parameters())",
        ),
    ),
]

SPLIT_FOR_VALIDATION = data(
    (
        "train_loader =",
        "train_data, val_data = torch.utils.data.random_split(train_data, [70, 18])\n"
        "val_loader = DataLoader(val_data, batch_size=32)\ntrain_loader =",
    ),
)

OWN_DATASET = data(
    (
        "train_data = Subset(train_data, range(88))",
        "class Wrapped(torch.utils.data.Dataset):\n    def __init__(self, base, n):\n        self.base, self.n = base, n\n"
        "    def __len__(self):\n        return self.n\n    def __getitem__(self, i):\n        return self.base[i]\n"
        "train_data = Wrapped(train_data, 88)",
    ),
)

MADE_BY_FUNCTION = data(
    (
        "train_loader = DataLoader(train_data, batch_size=32, shuffle=True)\n"
        "test_loader = DataLoader(test_data, batch_size=32, shuffle=False)\n",
        "def loaders(bs):\n    sampler = torch.utils.data.RandomSampler(train_data)\n"
        "    return {'train': DataLoader(train_data, bs, sampler=sampler), 'test': DataLoader(test_data, bs)}\n"
        "loader = loaders(32)\ntrain_loader, test_loader = loader['train'], loader['test']\n",
    ),
)

INTERRUPTED_BY_OTHERS = [
    DATA,
    "input('which?')",
    NETWORK,
    "undefined_thing.plot()",
    TRAINING,
    "import nonexistent_module",
]

RELU_AFTER_POOL = network(
    ("self.pool(F.relu(self.conv1(x)))", "F.relu(self.pool(self.conv1(x)))"),
    ("self.pool(F.relu(self.conv2(x)))", "torch.sigmoid(F.max_pool2d(self.conv2(x), (2, 2)))"),
    ("F.relu(self.conv3(x))", "self.conv3(x).clamp(min=0)"),
)

CONV_HEAD = network(
    ("self.fc = nn.Linear(128 * 8 * 1, 10)", "self.fc = nn.Conv2d(128, 10, kernel_size=(8, 1))"),
    ("        x = torch.flatten(x, 1)\n", ""),
    ("return self.fc(x)", "return self.fc(x).flatten(1)"),
)

EARLIER_TRIAL = [
    DATA,
    NETWORK,
    change(TRAINING, ("num_epochs = 10", "num_epochs = 1")),
    NETWORK,
    TRAINING,
]

STYLES: dict[str, list[str]] = {
    "classic": list(RIGHT),
    "sequential, functions, lists": [DATA, SEQUENTIAL, FUNCTIONS, LISTS],
    "blocks, explicit padding, lazy layer, trainer class": [DATA, BLOCKS, TRAINER],
    "log-softmax and NLL": [DATA, LOG_SOFTMAX, NLL],
    "cross-entropy by hand": [DATA, NETWORK, BY_HAND],
    "one function for training and testing": [DATA, NETWORK, SHARED],
    "data frame": [DATA, NETWORK, FRAME],
    "progress bar": [DATA, NETWORK, TQDM],
    "everything in a function": [MAIN],
    "scikit-learn accuracy": [DATA, NETWORK, SKLEARN],
    "scheduler and clipping": [DATA, NETWORK, SCHEDULED],
    "whole percent": INTEGER_PERCENT,
    "reported in the end": AT_THE_END,
    "gradient accumulation": ACCUMULATING,
    "augmentation only": AUGMENTED,
    "penalty only": PENALTY,
    "validation split": SPLIT_FOR_VALIDATION,
    "data set of one's own around SVHN": OWN_DATASET,
    "loaders made by a function": MADE_BY_FUNCTION,
    "failing cells in between": INTERRUPTED_BY_OTHERS,
    "non-linearity after pooling": RELU_AFTER_POOL,
    "final convolution": CONV_HEAD,
    "trial before": EARLIER_TRIAL,
    "whole test set at once": [DATA, NETWORK, WHOLE_TEST_SET],
    "raw parameters": [
        DATA,
        FUNCTIONAL,
        change(
            TRAINING,
            ("model.parameters(), lr=0.001", "params, lr=0.001, weight_decay=1e-4"),
            ("    model.train()\n", ""),
            ("    model.eval()\n", ""),
            ("model(images)", "network(images)"),
        ),
    ],
}
