"""Notebooks with faults: each costs exactly its criteria."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rubrics.assignment3.pieces import DATA, NETWORK, TRAINING, change, data, network, training


@dataclass(frozen=True)
class Lost:
    """What a criterion must come to. Attributes: outcome, share kept, variant, and words of its detail."""

    kind: str = "not-met"
    fraction: float = 0.0
    variant: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Fault:
    """A notebook and the criteria it loses. Attributes: cells, criteria lost, criteria carried, typed answers."""

    cells: list[str]
    lost: dict[str, Lost] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)


NO = Lost()


def half(detail: str) -> Lost:
    """One of the loop's three halves lost."""
    return Lost("partial", 2 / 3, detail=detail)


TRAIN_TF = "transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])"
LOADERS = "train_loader = DataLoader(train_data, batch_size=32, shuffle=True)"
ZERO = "        optimizer.zero_grad()\n"
STEP = "        optimizer.step()\n"
BACKWARD = "        loss.backward()\n"
TEST_BLOCK = TRAINING[TRAINING.index("    model.eval()\n") : TRAINING.index("    print(f")]
PRINT_LOSS = 'Loss: {running_loss / len(train_loader):.4f}, "'
PRINT_ACC = 'f"Test accuracy: {100 * correct / total:.2f}%")'


def dedent(text: str) -> str:
    """One level less."""
    return "\n".join(line.removeprefix("    ") for line in text.splitlines()) + "\n"


BLOCK = """
class Block(nn.Module):
    def __init__(self, given, made):
        self.conv = nn.Conv2d(given, made, 5, padding=(2, 0))

    def forward(self, x):
        return self.conv(x)

"""

DATA_FAULTS: dict[str, Fault] = {
    "not downloaded": Fault(data(("download=True", "download=False")), {"3c.download": NO}),
    "download left out": Fault(data((" download=True,", "")), {"3c.download": NO}),
    "test set not downloaded": Fault(data(('split="test", download=True', 'split="test"')), {"3c.download": NO}),
    "upscaled": Fault(
        data(("transforms.Compose([", "transforms.Compose([transforms.Resize((64, 64)), ")),
        {"3c.size": NO},
    ),
    "scaled down": Fault(
        data(("transforms.Compose([", "transforms.Compose([transforms.Resize((28, 28)), ")),
        {"3c.size": Lost(variant="smaller")},
    ),
    "no tensors": Fault(data((f"transform = {TRAIN_TF}", "transform = None")), {"3c.tensor": NO}),
    "integer tensors": Fault(
        data((f"transform = {TRAIN_TF}", "transform = transforms.PILToTensor()")), {"3c.tensor": NO}
    ),
    "no shuffling": Fault(data(("shuffle=True", "shuffle=False")), {"3c.shuffle": NO}),
    "shuffled once": Fault(
        data(("shuffle=True)", ")"), ("range(88)", "torch.randperm(88).tolist()")), {"3c.shuffle": NO}
    ),
    "training split twice": Fault(data(('split="test"', 'split="train"')), {"3c.test": NO}, ("3c.test-loader",)),
    "splits swapped": Fault(
        data(('split="test"', 'split="tmp"'), ('split="train"', 'split="test"'), ('split="tmp"', 'split="train"')),
        {"3c.train": NO, "3c.test": NO},
        ("3c.train-loader", "3c.test-loader"),
    ),
    "batches of one": Fault(
        data(("batch_size=32, shuffle=True", "batch_size=1, shuffle=True"), ("range(88)", "range(12)")),
        {"3c.train-loader": NO},
    ),
    "test loader over the training set": Fault(
        data(("DataLoader(test_data, batch_size=32", "DataLoader(train_data, batch_size=32")),
        {"3c.test-loader": NO},
        ("3e.test-accuracy",),
    ),
    "data sets only": Fault(
        [DATA[: DATA.index("train_loader =")]],
        {
            **dict.fromkeys(("3c.train-loader", "3c.shuffle", "3c.test-loader"), NO),
            **{
                f"3d.{name}": NO
                for name in ("convolutions", "padding", "pooling", "activation", "fc", "forward", "regularization")
            },
            **{
                f"3e.{name}": NO
                for name in ("loss", "optimizer", "epochs", "gpu", "loop", "train-loss", "test-accuracy", "eval")
            },
        },
    ),
}

NETWORK_FAULTS: dict[str, Fault] = {
    "padding on all sides": Fault(
        network(("padding=(2, 0)", "padding=2"), ("128 * 8 * 1", "128 * 8 * 8")), {"3d.padding": NO}, ("3d.fc",)
    ),
    "padding on all sides, 1024 all the same": Fault(
        network(("padding=(2, 0)", "padding=2")), {"3d.padding": NO}, ("3d.forward",)
    ),
    "padding of columns": Fault(
        network(("padding=(2, 0)", "padding=(0, 2)"), ("128 * 8 * 1", "128 * 1 * 8")), {"3d.padding": NO}
    ),
    "padding of name": Fault(
        network(("padding=(2, 0)", 'padding="same"'), ("128 * 8 * 1", "8192")), {"3d.padding": NO}, ("3d.fc",)
    ),
    "no padding": Fault(
        network((", padding=(2, 0)", ""), ("x = F.relu(self.conv3(x))", "x = F.relu(self.conv3(x))")),
        {"3d.padding": NO},
        ("3d.forward",),
    ),
    "one pooling": Fault(
        network(("self.pool(F.relu(self.conv2(x)))", "F.relu(self.conv2(x))"), ("128 * 8 * 1", "128 * 16 * 6")),
        {"3d.pooling": NO},
        ("3d.fc",),
    ),
    "three poolings": Fault(
        network(
            ("x = F.relu(self.conv3(x))", "x = F.max_pool2d(F.relu(self.conv3(x)), (2, 1))"), ("128 * 8 * 1", "512")
        ),
        {"3d.pooling": NO},
        ("3d.fc",),
    ),
    "average pooling": Fault(network(("nn.MaxPool2d", "nn.AvgPool2d")), {"3d.pooling": NO}),
    "overlapping pooling": Fault(
        network(("kernel_size=2, stride=2", "kernel_size=3, stride=2, padding=1")), {"3d.pooling": NO}
    ),
    "no non-linearity": Fault(network(("F.relu(self.conv", "(self.conv")), {"3d.activation": NO}),
    "one non-linearity missing": Fault(
        network(("F.relu(self.conv3(x))", "self.conv3(x)")), {"3d.activation": Lost("partial", 0.5)}
    ),
    "smaller kernels": Fault(
        network(
            ("kernel_size=5, stride=1, padding=(2, 0)", "kernel_size=3, padding=(1, 0)"), ("128 * 8 * 1", "128 * 8 * 4")
        ),
        {"3d.convolutions": NO},
        ("3d.fc",),
    ),
    "fewer channels": Fault(
        network(("nn.Conv2d(64, 128", "nn.Conv2d(64, 64"), ("128 * 8 * 1", "512")), {"3d.convolutions": NO}, ("3d.fc",)
    ),
    "channels that do not fit": Fault(
        network(("nn.Conv2d(32, 64", "nn.Conv2d(16, 64")), {"3d.convolutions": NO}, ("3d.forward",)
    ),
    "strides": Fault(
        network(
            ("nn.Conv2d(3, 32, kernel_size=5, stride=1", "nn.Conv2d(3, 32, kernel_size=5, stride=2"),
            ("self.pool(F.relu(self.conv1(x)))", "F.relu(self.conv1(x))"),
        ),
        {"3d.convolutions": NO, "3d.pooling": NO},
    ),
    "wrong size of the final layer": Fault(network(("128 * 8 * 1", "128 * 4 * 4")), {"3d.fc": NO}, ("3d.forward",)),
    "wrong size of the final layer, reshaped to it": Fault(
        network(("128 * 8 * 1", "128 * 4 * 4"), ("torch.flatten(x, 1)", "x.view(-1, 128 * 4 * 4)")),
        {"3d.fc": NO},
        ("3d.forward",),
    ),
    "eleven classes": Fault(network(("8 * 1, 10)", "8 * 1, 11)")), {"3d.fc": NO}, ("3d.forward",)),
    "hidden layer": Fault(
        network(
            ("self.fc = nn.Linear(128 * 8 * 1, 10)", "self.hidden = nn.Linear(1024, 64); self.fc = nn.Linear(64, 10)"),
            ("return self.fc(x)", "return self.fc(F.relu(self.hidden(x)))"),
        ),
        {"3d.fc": NO},
    ),
    "size of one's own map of 3(a)": Fault(
        network(("128 * 8 * 1", "128 * 8 * 8")),
        {},
        ("3d.fc", "3d.forward"),
        {"3a": "The map is 128 x 8 x 8, so the FC layer needs 8192 inputs."},
    ),
    "wrong reshape": Fault(network(("torch.flatten(x, 1)", "x.view(-1, 1000)")), {"3d.forward": NO}),
    "nothing returned": Fault(network(("        return self.fc(x)", "        self.fc(x)")), {"3d.forward": NO}),
    "unknown name in forward": Fault(network(("torch.flatten(x, 1)", "flatten_it(x, 1)")), {"3d.forward": NO}),
    "no regularization": Fault(
        network(("        self.dropout = nn.Dropout(0.25)\n", ""), ("        x = self.dropout(x)\n", "")),
        {"3d.regularization": NO},
    ),
    "dropout made and not used": Fault(network(("        x = self.dropout(x)\n", "")), {"3d.regularization": NO}),
    "softmax in the network": Fault(
        network(("return self.fc(x)", "return F.softmax(self.fc(x), dim=1)")), {"3e.loss": NO}
    ),
    "constructor of the base not called": Fault(network(("        super().__init__()\n", "")), {"3d.forward": NO}),
    "forward misspelt, one non-linearity missing": Fault(
        network(("def forward", "def foward"), ("F.relu(self.conv3(x))", "self.conv3(x)")),
        {"3d.forward": NO, "3d.activation": Lost("partial", 0.5)},
    ),
    "forward misspelt, for larger images": Fault(
        [
            change(DATA, ("transforms.Compose([", "transforms.Compose([transforms.Resize((48, 48)), ")),
            change(NETWORK, ("def forward", "def Forward"), ("128 * 8 * 1", "128 * 12 * 5")),
            TRAINING,
        ],
        {"3c.size": NO, "3d.forward": NO},
        ("3d.fc",),
    ),
    "constructor with sizes, the base's not called": Fault(
        [
            DATA,
            change(
                NETWORK,
                ("        super().__init__()\n", ""),
                ("def __init__(self)", "def __init__(self, features, classes)"),
                ("128 * 8 * 1, 10", "features, classes"),
                ("CNN()", "CNN(1024, 10)"),
            ),
            change(TRAINING, ("    model.eval()\n", "")),
        ],
        {"3d.forward": NO, "3e.eval": NO},
    ),
    "constructor of a block's base not called": Fault(
        network(
            ("class CNN", BLOCK + "class CNN"),
            ("nn.Conv2d(3, 32, kernel_size=5, stride=1, padding=(2, 0))", "Block(3, 32)"),
        ),
        {"3d.forward": NO},
    ),
    "activation thrown away": Fault(
        network(("x = F.relu(self.conv3(x))", "x = self.conv3(x)\n        F.relu(x)")),
        {"3d.activation": Lost("partial", 0.5)},
    ),
    "dropout that is always on": Fault(
        network(
            ("        self.dropout = nn.Dropout(0.25)\n", ""),
            ("x = self.dropout(x)", "x = F.dropout(x, 0.25)"),
        ),
        {"3e.eval": NO},
    ),
}

LOOP_FAULTS: dict[str, Fault] = {
    "never zeroed": Fault(training((ZERO, "")), {"3e.loop": half("gradients are never zeroed")}),
    "zeroed once an epoch": Fault(
        training((ZERO, ""), ("    model.train()\n", "    model.train()\n    optimizer.zero_grad()\n")),
        {"3e.loop": half("zeroed only once an epoch")},
    ),
    "zeroed between backward and step": Fault(
        training((ZERO, ""), (BACKWARD, BACKWARD + ZERO)), {"3e.loop": half("zeroed between backward and step")}
    ),
    "no step": Fault(training((STEP, "")), {"3e.loop": half("no step")}),
    "step once an epoch": Fault(
        training((STEP, ""), ("    model.eval()\n", "    optimizer.step()\n    model.eval()\n")),
        {"3e.loop": half("step only once an epoch")},
    ),
    "step before backward": Fault(training((STEP, ""), (BACKWARD, STEP + BACKWARD)), {"3e.loop": half("step before")}),
    "no backward": Fault(training((BACKWARD, "")), {"3e.loop": half("never back-propagated")}),
    "detached loss": Fault(
        training((BACKWARD, "        loss = torch.tensor(loss.item(), requires_grad=True)\n" + BACKWARD)),
        {"3e.loop": half("detached")},
    ),
    "neither zeroed nor stepped": Fault(
        training((ZERO, ""), (STEP, "")), {"3e.loop": Lost("partial", 1 / 3, detail="never zeroed; the optimizer")}
    ),
    "forward only": Fault(training((ZERO, ""), (BACKWARD, ""), (STEP, "")), {"3e.loop": NO}),
    "optimizer of another network": Fault(training(("model.parameters()", "CNN().parameters()")), {"3e.optimizer": NO}),
    "optimizer of the last layer": Fault(
        training(("model.parameters()", "model.fc.parameters()")), {"3e.optimizer": NO}
    ),
    "five epochs": Fault(training(("num_epochs = 10", "num_epochs = 5")), {"3e.epochs": NO}),
    "twelve epochs": Fault(training(("num_epochs = 10", "num_epochs = 12")), {"3e.epochs": NO}),
    "no GPU": Fault(
        [change(DATA, ('"cuda" if torch.cuda.is_available() else "cpu"', '"cpu"')), NETWORK, TRAINING], {"3e.gpu": NO}
    ),
    "batches not moved": Fault(
        training(
            ("in train_loader:\n        images, labels = images.to(device), labels.to(device)\n", "in train_loader:\n")
        ),
        {"3e.gpu": NO},
    ),
}

LOSS_FAULTS: dict[str, Fault] = {
    "mean squared error of one-hot": Fault(
        training(
            ("criterion(outputs, labels)", "criterion(outputs, F.one_hot(labels, 10).float())"),
            ("nn.CrossEntropyLoss()", "nn.MSELoss()"),
        ),
        {"3e.loss": NO},
    ),
    "mean squared error that crashes": Fault(training(("nn.CrossEntropyLoss()", "nn.MSELoss()")), {"3e.loss": NO}),
    "likelihood without log-softmax": Fault(training(("nn.CrossEntropyLoss()", "nn.NLLLoss()")), {"3e.loss": NO}),
    "softmax before the loss": Fault(
        training(("outputs = model(images)\n        loss", "outputs = torch.softmax(model(images), 1)\n        loss")),
        {"3e.loss": NO},
    ),
    "binary cross-entropy": Fault(
        training(
            ("criterion(outputs, labels)", "F.binary_cross_entropy_with_logits(outputs, F.one_hot(labels, 10).float())")
        ),
        {"3e.loss": NO},
    ),
    "wrong loss by hand": Fault(
        training(("criterion(outputs, labels)", "((outputs - torch.eye(10)[labels]) ** 2).mean()")), {"3e.loss": NO}
    ),
}

REPORT_FAULTS: dict[str, Fault] = {
    "no average loss": Fault(training((PRINT_LOSS, '"')), {"3e.train-loss": NO}),
    "loss of the last batch": Fault(
        training(("{running_loss / len(train_loader):.4f}", "{loss.item():.4f}")), {"3e.train-loss": NO}
    ),
    "sum of losses": Fault(
        training(("{running_loss / len(train_loader):.4f}", "{running_loss:.4f}")), {"3e.train-loss": NO}
    ),
    "loss divided by the samples": Fault(
        training(("running_loss / len(train_loader)", "running_loss / len(train_data)")), {"3e.train-loss": NO}
    ),
    "loss never reset": Fault(
        training(("    running_loss = 0.0\n", ""), ("num_epochs = 10", "num_epochs = 10\nrunning_loss = 0.0")),
        {"3e.train-loss": NO},
    ),
    "no test accuracy": Fault(training((TEST_BLOCK, ""), (PRINT_ACC, '"")')), {"3e.test-accuracy": NO}, ("3e.eval",)),
    "test accuracy only in the end": Fault(
        [
            DATA,
            NETWORK,
            change(TRAINING, (TEST_BLOCK, ""), (PRINT_ACC, '"")')),
            dedent(TEST_BLOCK) + "print('accuracy', correct / total)",
        ],
        {"3e.test-accuracy": Lost("partial", 0.5)},
    ),
    "test accuracy in the end, wrong": Fault(
        [
            DATA,
            NETWORK,
            change(TRAINING, (TEST_BLOCK, ""), (PRINT_ACC, '"")')),
            dedent(TEST_BLOCK) + "print('test accuracy', correct / len(test_loader))",
        ],
        {"3e.test-accuracy": Lost(variant="wrong")},
    ),
    "accuracy divided by batches": Fault(
        training(("100 * correct / total", "correct / len(test_loader)")), {"3e.test-accuracy": Lost(variant="wrong")}
    ),
    "accuracy never reset": Fault(
        training(
            ("    correct, total = 0, 0\n", "    total = 0\n"), ("num_epochs = 10", "num_epochs = 10\ncorrect = 0")
        ),
        {"3e.test-accuracy": Lost(variant="wrong")},
    ),
    "accuracy of the training set": Fault(
        training(("        for images, labels in test_loader:", "        for images, labels in train_loader:")),
        {"3e.test-accuracy": Lost(variant="wrong")},
    ),
    "accuracy of the first batch": Fault(
        training(("(predicted == labels).sum().item()\n", "(predicted == labels).sum().item()\n            break\n")),
        {"3e.test-accuracy": Lost(variant="wrong")},
    ),
    "a batch looked at after each test": Fault(
        training(("    print(f", "    model(next(iter(test_loader))[0])\n    print(f")),
        {"3e.eval": NO},
    ),
    "test loss only": Fault(
        training(
            (
                "            correct += (predicted == labels).sum().item()\n",
                "            correct += criterion(outputs, labels).item()\n",
            ),
            ("100 * correct / total:.2f}%", "correct / 2:.4f}"),
            ("Test accuracy", "Test loss"),
        ),
        {"3e.test-accuracy": NO},
    ),
    "no evaluation mode": Fault(training(("    model.eval()\n", "")), {"3e.eval": NO}),
    "gradients while testing": Fault(training(("with torch.no_grad():", "if True:")), {"3e.eval": NO}),
}

FAULTS: dict[str, Fault] = {**DATA_FAULTS, **NETWORK_FAULTS, **LOOP_FAULTS, **LOSS_FAULTS, **REPORT_FAULTS}
