"""Question 3d as students write it: the convolutional network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """A cell of question 3d.

    Attributes:
        source: The code.
        make: Expression that makes a network.
        regular: Whether the network itself regularizes (dropout, batch normalization).
        log: Whether it returns log-probabilities.
    """

    source: str
    make: str
    regular: bool = True
    log: bool = False


NETWORKS: dict[str, Network] = {}

NETWORKS["plain module"] = Network(
    """import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=(2, 0))
        self.conv2 = nn.Conv2d(32, 64, 5, padding=(2, 0))
        self.conv3 = nn.Conv2d(64, 128, 5, padding=(2, 0))
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(128 * 8 * 1, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        x = x.view(-1, 128 * 8 * 1)
        return self.fc(x)
""",
    "Net()",
    regular=False,
)

NETWORKS["sequential"] = Network(
    """from torch import nn

def make_network(p=0.3):
    return nn.Sequential(
        nn.Conv2d(3, 32, kernel_size=(5, 5), stride=1, padding=(2, 0)),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=2),
        nn.Conv2d(32, 64, kernel_size=(5, 5), stride=1, padding=(2, 0)),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=2),
        nn.Conv2d(64, 128, kernel_size=(5, 5), stride=1, padding=(2, 0)),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Dropout(p),
        nn.Linear(1024, 10),
    )

print(make_network())
""",
    "make_network()",
)

NETWORKS["blocks"] = Network(
    """import torch
from torch import nn

class ConvBlock(nn.Module):
    def __init__(self, c_in, c_out, pool=True):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel_size=5, stride=1, padding=(2, 0), bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.act = nn.LeakyReLU(0.1)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x):
        return self.pool(self.act(self.bn(self.conv(x))))


class HouseNumberCNN(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            ConvBlock(3, 32),
            ConvBlock(32, 64),
            ConvBlock(64, 128, pool=False),
        )
        self.classifier = nn.Linear(128 * 8, num_classes)

    def forward(self, x):
        h = self.features(x)
        return self.classifier(torch.flatten(h, start_dim=1))
""",
    "HouseNumberCNN(num_classes=10)",
)

NETWORKS["module list"] = Network(
    """import torch.nn as nn

class CNN(nn.Module):
    def __init__(self, channels=(3, 32, 64, 128), dropout=0.25):
        super(CNN, self).__init__()
        self.convs = nn.ModuleList([
            nn.Conv2d(a, b, kernel_size=5, padding=(2, 0)) for a, b in zip(channels[:-1], channels[1:])
        ])
        self.drop = nn.Dropout2d(dropout)
        self.out = nn.Linear(channels[-1] * 8, 10)

    def forward(self, x):
        for i, conv in enumerate(self.convs):
            x = nn.functional.gelu(conv(x))
            if i < len(self.convs) - 1:
                x = nn.functional.max_pool2d(x, 2)
        x = self.drop(x)
        return self.out(x.flatten(1))
""",
    "CNN()",
)

NETWORKS["module dictionary"] = Network(
    """import torch
import torch.nn as nn

class DictNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({
            'c1': nn.Conv2d(3, 32, 5, 1, (2, 0)),
            'c2': nn.Conv2d(32, 64, 5, 1, (2, 0)),
            'c3': nn.Conv2d(64, 128, 5, 1, (2, 0)),
            'fc': nn.Linear(1024, 10),
        })
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.layers['c1'](x)), 2)
        x = torch.max_pool2d(torch.relu(self.layers['c2'](x)), 2)
        x = torch.relu(self.layers['c3'](x))
        x = x.reshape(x.shape[0], -1)
        return self.layers['fc'](self.dropout(x))
""",
    "DictNet()",
)

NETWORKS["lazy"] = Network(
    """import torch
from torch import nn

class LazyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.LazyConv2d(32, 5, padding=(2, 0)), nn.ELU(), nn.MaxPool2d(2),
            nn.LazyConv2d(64, 5, padding=(2, 0)), nn.ELU(), nn.MaxPool2d(2),
            nn.LazyConv2d(128, 5, padding=(2, 0)), nn.ELU(), nn.Flatten(), nn.Dropout(0.4),
        )
        self.head = nn.LazyLinear(10)

    def forward(self, x):
        return self.head(self.body(x))

def build():
    net = LazyNet()
    net(torch.zeros(1, 3, 32, 32))
    return net
""",
    "build()",
)

NETWORKS["dummy pass"] = Network(
    """import torch
import torch.nn as nn
import torch.nn.functional as F

class SVHNNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels=3, out_channels=32, kernel_size=5, stride=1, padding=(2, 0))
        self.conv2 = nn.Conv2d(in_channels=32, out_channels=64, kernel_size=5, stride=1, padding=(2, 0))
        self.conv3 = nn.Conv2d(in_channels=64, out_channels=128, kernel_size=5, stride=1, padding=(2, 0))
        self.bn1 = nn.BatchNorm2d(32)
        self.bn2 = nn.BatchNorm2d(64)
        self.bn3 = nn.BatchNorm2d(128)
        with torch.no_grad():
            n = self._features(torch.zeros(1, 3, 32, 32)).numel()
        self.fc = nn.Linear(n, 10)

    def _features(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), kernel_size=2, stride=2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), kernel_size=2, stride=2)
        return F.relu(self.bn3(self.conv3(x)))

    def forward(self, x):
        return self.fc(self._features(x).flatten(start_dim=1))

print(sum(p.numel() for p in SVHNNet().parameters()))
""",
    "SVHNNet()",
)

NETWORKS["explicit padding"] = Network(
    """import torch.nn as nn
import torch.nn.functional as F

class PadNet(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.c1 = nn.Conv2d(3, 32, 5)
        self.c2 = nn.Conv2d(32, 64, 5)
        self.c3 = nn.Conv2d(64, 128, 5)
        self.p = p
        self.linear = nn.Linear(1024, 10, bias=True)

    def forward(self, x):
        x = F.pad(x, (0, 0, 2, 2))
        x = F.max_pool2d(F.silu(self.c1(x)), 2)
        x = F.pad(x, (0, 0, 2, 2))
        x = F.max_pool2d(F.silu(self.c2(x)), 2)
        x = F.pad(x, (0, 0, 2, 2))
        x = F.silu(self.c3(x))
        x = F.dropout(x, self.p, self.training)
        return self.linear(x.view(x.size(0), -1))
""",
    "PadNet(0.2)",
)

NETWORKS["zero pad layers"] = Network(
    """from torch import nn

class Netz(nn.Module):
    def __init__(self):
        super().__init__()
        pad = nn.ZeroPad2d((0, 0, 2, 2))
        self.faltung = nn.Sequential(
            pad, nn.Conv2d(3, 32, 5), nn.MaxPool2d(2, stride=2), nn.PReLU(),
            pad, nn.Conv2d(32, 64, 5), nn.MaxPool2d(2, stride=2), nn.PReLU(),
            pad, nn.Conv2d(64, 128, 5), nn.BatchNorm2d(128), nn.PReLU(),
        )
        self.klassifikator = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))

    def forward(self, bild):
        merkmale = self.faltung(bild)
        return self.klassifikator(merkmale)
""",
    "Netz()",
)

NETWORKS["parameters"] = Network(
    """import math
import torch
from torch import nn
import torch.nn.functional as F

class RawNet(nn.Module):
    def __init__(self):
        super().__init__()
        def w(*shape):
            return nn.Parameter(torch.randn(*shape) / math.sqrt(math.prod(shape[1:])))
        self.w1, self.b1 = w(32, 3, 5, 5), nn.Parameter(torch.zeros(32))
        self.w2, self.b2 = w(64, 32, 5, 5), nn.Parameter(torch.zeros(64))
        self.w3, self.b3 = w(128, 64, 5, 5), nn.Parameter(torch.zeros(128))
        self.wo, self.bo = w(10, 1024), nn.Parameter(torch.zeros(10))

    def forward(self, x):
        x = F.max_pool2d(F.conv2d(x, self.w1, self.b1, stride=1, padding=(2, 0)).relu(), 2)
        x = F.max_pool2d(F.conv2d(x, self.w2, self.b2, stride=1, padding=(2, 0)).relu(), 2)
        x = F.conv2d(x, self.w3, self.b3, stride=1, padding=(2, 0)).relu()
        x = F.dropout(x.flatten(1), 0.3, training=self.training)
        return x @ self.wo.T + self.bo
""",
    "RawNet()",
)

NETWORKS["log softmax"] = Network(
    """import torch
import torch.nn as nn

class Classifier(nn.Module):
    def __init__(self):
        super(Classifier, self).__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(3, 32, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2))
        self.layer2 = nn.Sequential(nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2))
        self.layer3 = nn.Sequential(nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.ReLU())
        self.fc = nn.Linear(128 * 8 * 1, 10)
        self.dropout = nn.Dropout(p=0.5)
        self.log_softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        out = self.layer3(self.layer2(self.layer1(x)))
        out = out.view(out.size(0), -1)
        out = self.fc(self.dropout(out))
        return self.log_softmax(out)
""",
    "Classifier()",
    log=True,
)

NETWORKS["three sequentials"] = Network(
    """import torch
from torch import nn
from collections import OrderedDict

class Model(nn.Module):
    def __init__(self, K=1024, O=10):
        super().__init__()
        self.conv = nn.Sequential(OrderedDict([
            ('conv1', nn.Conv2d(3, 32, 5, padding=(2, 0), padding_mode='zeros')),
            ('norm1', nn.BatchNorm2d(32)),
            ('relu1', nn.ReLU()),
            ('pool1', nn.MaxPool2d((2, 2), stride=(2, 2))),
            ('conv2', nn.Conv2d(32, 64, 5, padding=(2, 0))),
            ('norm2', nn.BatchNorm2d(64)),
            ('relu2', nn.ReLU()),
            ('pool2', nn.MaxPool2d((2, 2), stride=(2, 2))),
            ('conv3', nn.Conv2d(64, 128, 5, padding=(2, 0))),
            ('norm3', nn.BatchNorm2d(128)),
            ('relu3', nn.ReLU()),
        ]))
        self.W = nn.Linear(K, O, bias=False)
        self._init_weights()

    def _init_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
                nn.init.zeros_(m.bias)

    def forward(self, x):
        a = self.conv(x)
        k = torch.flatten(a, 1)
        return self.W(k)
""",
    "Model()",
)

NETWORKS["adaptive pooling"] = Network(
    """import torch.nn as nn

class TinyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=[2, 0])
        self.conv2 = nn.Conv2d(32, 64, 5, padding=[2, 0])
        self.conv3 = nn.Conv2d(64, 128, 5, padding=[2, 0])
        self.pool1 = nn.AdaptiveMaxPool2d((16, 14))
        self.pool2 = nn.AdaptiveMaxPool2d((8, 5))
        self.act = nn.Tanh()
        self.fc = nn.Linear(1024, 10)
        self.drop = nn.AlphaDropout(0.2)

    def forward(self, images):
        h = self.act(self.pool1(self.conv1(images)))
        h = self.act(self.pool2(self.conv2(h)))
        h = self.act(self.conv3(h)).squeeze(-1)
        h = self.drop(h.flatten(1))
        return self.fc(h)
""",
    "TinyNet()",
)

NETWORKS["residue of options"] = Network(
    """import torch.nn as nn
import torch.nn.functional as F

class ConfigurableNet(nn.Module):
    \"\"\"3 convolutions and a classifier; batch norm can be turned off.\"\"\"

    def __init__(self, use_bn: bool = True, dropout: float = 0.0, activation=F.relu):
        super().__init__()
        self.use_bn = use_bn
        self.activation = activation
        sizes = [3, 32, 64, 128]
        for i in range(3):
            setattr(self, f'conv{i}', nn.Conv2d(sizes[i], sizes[i + 1], 5, padding=(2, 0)))
            setattr(self, f'bn{i}', nn.BatchNorm2d(sizes[i + 1]) if use_bn else nn.Identity())
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(128 * 8, 10)

    def forward(self, x):
        for i in range(3):
            x = self.activation(getattr(self, f'bn{i}')(getattr(self, f'conv{i}')(x)))
            if i != 2:
                x = F.max_pool2d(x, 2)
        return self.fc(self.dropout(x.view(len(x), -1)))
""",
    "ConfigurableNet(use_bn=True)",
)

NETWORKS["einsum head"] = Network(
    """import torch
from torch import nn, Tensor

class HeadNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        act = nn.ReLU
        self.stem = nn.Sequential(nn.Conv2d(3, 32, (5, 5), padding=(2, 0)), act(), nn.MaxPool2d(2))
        self.mid = nn.Sequential(nn.Conv2d(32, 64, (5, 5), padding=(2, 0)), act(), nn.MaxPool2d(2))
        self.top = nn.Sequential(nn.Conv2d(64, 128, (5, 5), padding=(2, 0)), act(), nn.Dropout2d(0.1))
        self.weight = nn.Parameter(torch.empty(10, 1024))
        self.bias = nn.Parameter(torch.zeros(10))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        for stage in (self.stem, self.mid, self.top):
            x = stage(x)
        return torch.einsum('bk,ok->bo', x.flatten(1), self.weight) + self.bias
""",
    "HeadNet()",
)
