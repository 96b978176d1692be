"""Faults that students make in the three questions, in several styles each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fidelity.cases import Label

NO = Label("not-met", 0.0)
HALF = Label("partial", 0.5)
LOOP = Label("partial", 2 / 3)
THIRD = Label("partial", 1 / 3)


@dataclass(frozen=True)
class Fault:
    """A change of a part that costs criteria.

    Attributes:
        name: What is wrong.
        question: ``3c``, ``3d`` or ``3e``: which part is changed.
        base: The part.
        change: Old text → new text; each must occur.
        lost: Criterion → label.
        unregulated: Whether the part regularizes no longer.
        needs: Words that the network's source must have for the fault to count.
    """

    name: str
    question: str
    base: str
    change: Mapping[str, str]
    lost: Mapping[str, Label] = field(default_factory=dict)
    unregulated: bool = False
    needs: str = ""


def apply(source: str, fault: Fault) -> str:
    """The changed source."""
    for old, new in fault.change.items():
        if old not in source:
            message = f"{fault.name}: {old!r} is not in the part {fault.base!r}"
            raise AssertionError(message)
        source = source.replace(old, new)
    return source


def cost(*criteria: str) -> dict[str, Label]:
    return dict.fromkeys(criteria, NO)


DATA_FAULTS = [
    # the training set is another one
    Fault("test split trains", "3c", "positional arguments", {"'./data', 'train'": "'./data', 'test'"}, cost("3c.train")),
    Fault("test split trains", "3c", "validation split", {'split="train"': 'split="test"'}, cost("3c.train")),
    Fault("extra split tests", "3c", "German", {"split='test'": "split='extra'"}, cost("3c.test")),
    # the test set
    Fault("training split tests", "3c", "v2 transforms", {"split='test'": "split='train'"}, cost("3c.test")),
    Fault("training split tests", "3c", "function", {'split="test"': 'split="train"'}, cost("3c.test")),
    Fault("training split tests", "3c", "dictionary", {"split=x,": "split='train',"}, cost("3c.test")),
    Fault(
        "part of the training set tests",
        "3c",
        "validation split",
        {
            'test_data = SVHN("./content/data", split="test", transform=normalize, download=True)\n': "",
            "test_loader = DataLoader(test_data, batch_size=16)": "test_loader = DataLoader(val_data, batch_size=16)",
        },
        cost("3c.test"),
    ),
    # download
    Fault("no download", "3c", "positional arguments", {", None, True)": ")"}, cost("3c.download")),
    Fault("no download", "3c", "augmentation", {"download=True": "download=False"}, cost("3c.download")),
    Fault("no download", "3c", "data module", {", download=True": ""}, cost("3c.download")),
    Fault("no download", "3c", "own wrapper", {", download=True": ""}, cost("3c.download")),
    Fault("no download", "3c", "subclass", {"download=True": "download=False"}, cost("3c.download")),
    # tensors
    Fault("no transform", "3c", "positional arguments", {"tf, None, True": "download=True"}, cost("3c.tensor")),
    Fault("no transform", "3c", "random sampler", {", transform=preprocess": ""}, cost("3c.tensor")),
    Fault("no transform", "3c", "function", {", transform=tf": ""}, cost("3c.tensor")),
    Fault("only resized", "3c", "random sampler", {", transforms.ToTensor()": ""}, cost("3c.tensor")),
    Fault("integers", "3c", "data module", {"transforms.Compose([transforms.PILToTensor(), transforms.ConvertImageDtype(torch.float)])": "transforms.PILToTensor()"}, cost("3c.tensor")),
    Fault("integers", "3c", "subclass", {", v2.ToDtype(torch.float32, scale=True)": ""}, cost("3c.tensor")),
    Fault("integers", "3c", "lambda", {".permute(2, 0, 1).float() / 255": ".permute(2, 0, 1)"}, cost("3c.tensor")),
    Fault("transform not called", "3c", "plots first", {"transform_test = transforms.ToTensor()": "transform_test = None", ", transforms.ToTensor()])": "])", "ax.imshow(img.permute(1, 2, 0))": "ax.imshow(img)"}, cost("3c.tensor")),
    # size
    Fault("64 x 64", "3c", "random sampler", {"Resize((32, 32))": "Resize((64, 64))"}, cost("3c.size")),
    Fault("224 x 224", "3c", "German", {"tr.Compose([": "tr.Compose([tr.Resize(224), "}, cost("3c.size")),
    Fault("48 x 48", "3c", "v2 transforms", {"v2.ToImage(),": "v2.ToImage(),\n    v2.Resize((48, 48)),"}, cost("3c.size")),
    Fault("28 x 28", "3c", "function", {"transforms.Compose([": "transforms.Compose([\n        transforms.Resize((28, 28)),"}, cost("3c.size")),
    Fault("centre crop of 24", "3c", "own wrapper", {"to_tensor(img), ": "to_tensor(img)[:, 4:28, 4:28], "}, cost("3c.size")),
    Fault("random crops of 64", "3c", "plots first", {"RandomResizedCrop(32,": "RandomResizedCrop(64,", "transform_test = transforms.ToTensor()": "transform_test = transforms.Compose([transforms.Resize(64), transforms.ToTensor()])"}, cost("3c.size")),
    # training loader
    Fault("batches of one", "3c", "positional arguments", {"trainset, 16, True": "trainset, shuffle=True"}, cost("3c.train-loader")),
    Fault("batches of one", "3c", "own wrapper", {"numbers_train, batch_size=16": "numbers_train, batch_size=1"}, cost("3c.train-loader")),
    Fault("one batch for all", "3c", "German", {"DataLoader(trainingsdaten, stapel,": "DataLoader(trainingsdaten, len(trainingsdaten),"}, cost("3c.train-loader")),
    Fault("one batch for all", "3c", "lambda", {"Xtrain, batch_size=10": "Xtrain, batch_size=len(Xtrain)"}, cost("3c.train-loader")),
    Fault("training loader of test data", "3c", "augmentation", {"loader_train = DataLoader(ds_train": "loader_train = DataLoader(ds_test"}, cost("3c.train-loader")),
    Fault("no training loader", "3c", "random sampler", {"dl_train = DataLoader(data_train, sampler=RandomSampler(data_train), batch_size=24)\n": ""}, cost("3c.train-loader", "3c.shuffle")),
    Fault("no training loader", "3c", "statistics of the data", {"train_loader = torch.utils.data.DataLoader(train_ds, batch_size=25, shuffle=True, generator=g)\n": ""}, cost("3c.train-loader", "3c.shuffle")),
    # shuffle
    Fault("not shuffled", "3c", "positional arguments", {"trainset, 16, True": "trainset, 16"}, cost("3c.shuffle")),
    Fault("not shuffled", "3c", "data module", {", shuffle=True": ""}, cost("3c.shuffle")),
    Fault("not shuffled", "3c", "random sampler", {"sampler=RandomSampler(data_train)": "sampler=SequentialSampler(data_train)"}, cost("3c.shuffle")),
    Fault("test set shuffled instead", "3c", "dictionary", {"shuffle=(x == 'train')": "shuffle=(x == 'test')"}, cost("3c.shuffle")),
    Fault("test set shuffled instead", "3c", "subclass", {"training_set, shuffle=True": "training_set, shuffle=False", "testing_set, shuffle=False": "testing_set, shuffle=True"}, cost("3c.shuffle")),
    # test loader
    Fault("test loader of training data", "3c", "v2 transforms", {"test_dl = DataLoader(svhn_test": "test_dl = DataLoader(svhn_train"}, cost("3c.test-loader")),
    Fault("test loader of training data", "3c", "function", {"DataLoader(test, batch": "DataLoader(train, batch"}, cost("3c.test-loader")),
    Fault("no test loader", "3c", "augmentation", {"loader_test = DataLoader(ds_test, batch_size=64, shuffle=False)\n": ""}, cost("3c.test-loader")),
    Fault("no test loader", "3c", "German", {"lader_test = DataLoader(testdaten, stapel)\n": ""}, cost("3c.test-loader")),
    Fault("no test set", "3c", "own wrapper", {'numbers_test = HouseNumbers("test")\n': "", "te = DataLoader(numbers_test, batch_size=16)\n": ""}, cost("3c.test", "3c.test-loader")),
]  # fmt: skip

NETWORK_FAULTS = [
    # convolutions
    Fault("kernels of 3", "3d", "plain module", {", 5, padding=(2, 0)": ", 3, padding=(2, 0)"}, cost("3d.convolutions")),
    Fault("kernels of 3", "3d", "sequential", {"kernel_size=(5, 5)": "kernel_size=(3, 3)"}, cost("3d.convolutions")),
    Fault("kernels of 3 and what follows", "3d", "lazy", {", 5, padding=(2, 0)": ", 3, padding=(2, 0)"}, cost("3d.convolutions")),
    Fault("half the channels", "3d", "module list", {"(3, 32, 64, 128)": "(3, 16, 32, 64)"}, cost("3d.convolutions")),
    Fault("half the channels", "3d", "blocks", {"(3, 32)": "(3, 16)", "(32, 64)": "(16, 32)", "(64, 128, pool": "(32, 64, pool", "nn.Linear(128 * 8": "nn.Linear(64 * 8"}, cost("3d.convolutions")),
    Fault("last convolution missing", "3d", "plain module", {"        x = F.relu(self.conv3(x))\n": "", "        self.conv3 = nn.Conv2d(64, 128, 5, padding=(2, 0))\n": "", "128 * 8 * 1": "64 * 8 * 5"}, cost("3d.convolutions")),
    Fault("stride of 2", "3d", "explicit padding", {"nn.Conv2d(3, 32, 5)": "nn.Conv2d(3, 32, 5, stride=2)"}, cost("3d.convolutions")),
    Fault("stride of 2", "3d", "dummy pass", {"out_channels=32, kernel_size=5, stride=1": "out_channels=32, kernel_size=5, stride=2"}, cost("3d.convolutions")),
    Fault("fourth convolution", "3d", "three sequentials", {"            ('relu3', nn.ReLU()),\n": "            ('relu3', nn.ReLU()),\n            ('conv4', nn.Conv2d(128, 128, 1)),\n            ('relu4', nn.ReLU()),\n"}, cost("3d.convolutions")),
    Fault("first kernel of 7", "3d", "parameters", {"w(32, 3, 5, 5)": "w(32, 3, 7, 7)"}, cost("3d.convolutions")),
    # padding
    Fault("padded everywhere", "3d", "plain module", {"padding=(2, 0)": "padding=2", "128 * 8 * 1": "128 * 8 * 8"}, cost("3d.padding")),
    Fault("padded everywhere", "3d", "sequential", {"padding=(2, 0)": "padding='same'", "nn.Linear(1024": "nn.Linear(8192"}, cost("3d.padding")),
    Fault("padded everywhere, right FC", "3d", "module dictionary", {"1, (2, 0))": "1, 2)"}, cost("3d.padding")),
    Fault("padded everywhere", "3d", "explicit padding", {"(0, 0, 2, 2)": "(2, 2, 2, 2)", "nn.Linear(1024": "nn.Linear(128 * 64"}, cost("3d.padding")),
    Fault("padded horizontally", "3d", "module list", {"padding=(2, 0)": "padding=(0, 2)"}, cost("3d.padding")),
    Fault("padded horizontally", "3d", "zero pad layers", {"(0, 0, 2, 2)": "(2, 2, 0, 0)"}, cost("3d.padding")),
    Fault("not padded", "3d", "blocks", {", padding=(2, 0)": ""}, cost("3d.padding")),
    Fault("not padded", "3d", "dummy pass", {", padding=(2, 0)": ""}, cost("3d.padding")),
    Fault("not padded", "3d", "lazy", {", padding=(2, 0)": ""}, cost("3d.padding")),
    Fault("padded by one", "3d", "residue of options", {"padding=(2, 0)": "padding=(1, 0)", "128 * 8": "128 * 4"}, cost("3d.padding")),
    # pooling
    Fault("average pooling", "3d", "plain module", {"nn.MaxPool2d(2, 2)": "nn.AvgPool2d(2, 2)"}, cost("3d.pooling")),
    Fault("average pooling", "3d", "module list", {"max_pool2d": "avg_pool2d"}, cost("3d.pooling")),
    Fault("average pooling", "3d", "adaptive pooling", {"AdaptiveMaxPool2d": "AdaptiveAvgPool2d"}, cost("3d.pooling")),
    Fault("one pooling", "3d", "dummy pass", {"F.max_pool2d(F.relu(self.bn2(self.conv2(x))), kernel_size=2, stride=2)": "F.relu(self.bn2(self.conv2(x)))"}, cost("3d.pooling")),
    Fault("one pooling, right FC", "3d", "log softmax", {"nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2)": "nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU()"}, cost("3d.pooling")),
    Fault("no pooling", "3d", "lazy", {" nn.MaxPool2d(2),": ""}, cost("3d.pooling")),
    Fault("third pooling", "3d", "explicit padding", {"        x = F.silu(self.c3(x))\n": "        x = F.max_pool2d(F.silu(self.c3(x)), (2, 1))\n", "nn.Linear(1024": "nn.Linear(512"}, cost("3d.pooling")),
    Fault("pooling of 3", "3d", "sequential", {"kernel_size=2": "kernel_size=3, stride=2"}, cost("3d.pooling")),
    Fault("pooling of stride 1", "3d", "zero pad layers", {"stride=2": "stride=1", "nn.Linear(1024": "nn.Linear(128 * 30 * 18"}, cost("3d.pooling")),
    # activation
    Fault("no activation", "3d", "plain module", {"F.relu(self.conv1(x))": "self.conv1(x)", "F.relu(self.conv2(x))": "self.conv2(x)", "F.relu(self.conv3(x))": "self.conv3(x)"}, cost("3d.activation")),
    Fault("no activation", "3d", "blocks", {"self.act(self.bn(self.conv(x)))": "self.bn(self.conv(x))"}, cost("3d.activation")),
    Fault("no activation", "3d", "zero pad layers", {" nn.PReLU(),": ""}, cost("3d.activation")),
    Fault("last activation missing", "3d", "module dictionary", {"torch.relu(self.layers['c3'](x))": "self.layers['c3'](x)"}, {"3d.activation": HALF}),
    Fault("last activation missing", "3d", "einsum head", {"padding=(2, 0)), act(), nn.Dropout2d": "padding=(2, 0)), nn.Dropout2d"}, {"3d.activation": HALF}),
    Fault("two activations missing", "3d", "parameters", {"stride=1, padding=(2, 0)).relu(), 2)": "stride=1, padding=(2, 0)), 2)"}, {"3d.activation": HALF}),
    Fault("no activation", "3d", "module list", {"nn.functional.gelu(conv(x))": "conv(x)"}, cost("3d.activation")),
    # fully connected layer
    Fault("FC of 2048", "3d", "sequential", {"nn.Linear(1024": "nn.Linear(2048"}, cost("3d.fc")),
    Fault("FC of 8192", "3d", "blocks", {"nn.Linear(128 * 8": "nn.Linear(128 * 8 * 8"}, cost("3d.fc")),
    Fault("FC of 128", "3d", "log softmax", {"128 * 8 * 1": "128"}, cost("3d.fc")),
    Fault("11 classes", "3d", "dummy pass", {"nn.Linear(n, 10)": "nn.Linear(n, 11)"}, cost("3d.fc")),
    Fault("one output", "3d", "lazy", {"nn.LazyLinear(10)": "nn.LazyLinear(1)"}, cost("3d.fc")),
    # forward
    Fault("nothing returned", "3d", "plain module", {"        return self.fc(x)": "        self.fc(x)"}, cost("3d.forward")),
    Fault("nothing returned", "3d", "three sequentials", {"        return self.W(k)": "        k = self.W(k)"}, cost("3d.forward")),
    Fault("not flattened", "3d", "log softmax", {"        out = out.view(out.size(0), -1)\n": ""}, cost("3d.forward")),
    Fault("not flattened", "3d", "zero pad layers", {"nn.Flatten(), ": ""}, cost("3d.forward")),
    Fault("samples mixed", "3d", "module list", {"x.flatten(1)": "x.reshape(-1, 512)"}, cost("3d.forward")),
    Fault("misspelt layer", "3d", "module dictionary", {"self.dropout(x))": "self.droput(x))"}, cost("3d.forward")),
    Fault("misspelt layer", "3d", "einsum head", {"(self.stem, self.mid, self.top)": "(self.stem, self.middle, self.top)"}, cost("3d.forward")),
    Fault("flattened over the batch", "3d", "blocks", {"torch.flatten(h, start_dim=1)": "torch.flatten(h)"}, cost("3d.forward")),
    # regularization
    Fault("dropout never used", "3d", "module dictionary", {"self.dropout(x))": "x)"}, unregulated=True),
    Fault("dropout of nothing", "3d", "sequential", {"p=0.3": "p=0.0"}, unregulated=True),
    # softmax
    Fault("softmax in the network", "3d", "plain module", {"return self.fc(x)": "return F.softmax(self.fc(x), dim=1)"}, cost("3e.loss")),
    Fault("softmax in the network", "3d", "sequential", {"nn.Linear(1024, 10),": "nn.Linear(1024, 10),\n        nn.Softmax(dim=1),"}, cost("3e.loss")),
    Fault("softmax in the network", "3d", "lazy", {"return self.head(self.body(x))": "return self.head(self.body(x)).softmax(-1)"}, cost("3e.loss")),
    Fault("sigmoid in the network", "3d", "residue of options", {"return self.fc(self.dropout(x.view(len(x), -1)))": "return self.fc(self.dropout(x.view(len(x), -1))).sigmoid()"}, cost("3e.loss")),
]  # fmt: skip
