"""Question 3c as students write it: data sets and loaders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Data:
    """Cells of question 3c.

    Attributes:
        source: The code; `` # ---`` lines cut it into cells.
        train: Expression of the training loader.
        test: Expression of the test loader.
        regular: Whether images are augmented, which is a technique of regularization.
    """

    source: str
    train: str
    test: str
    regular: bool = False


DATA: dict[str, Data] = {}

DATA["positional arguments"] = Data(
    """import torch
import torchvision
from torchvision import transforms

tf = transforms.ToTensor()
trainset = torchvision.datasets.SVHN('./data', 'train', tf, None, True)
testset = torchvision.datasets.SVHN('./data', 'test', tf, None, True)

trainloader = torch.utils.data.DataLoader(trainset, 16, True)
testloader = torch.utils.data.DataLoader(testset, 16, False)
""",
    "trainloader",
    "testloader",
)

DATA["v2 transforms"] = Data(
    """import torch
from torch.utils.data import DataLoader
from torchvision.datasets import SVHN
from torchvision.transforms import v2

transform = v2.Compose([
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize(mean=[0.4377, 0.4438, 0.4728], std=[0.1980, 0.2010, 0.1970]),
])
BATCH_SIZE = 20
svhn_train = SVHN(root='data', split='train', transform=transform, download=True)
svhn_test = SVHN(root='data', split='test', transform=transform, download=True)
train_dl = DataLoader(svhn_train, batch_size=BATCH_SIZE, shuffle=True, num_workers=0, pin_memory=True)
test_dl = DataLoader(svhn_test, batch_size=BATCH_SIZE, pin_memory=True)
""",
    "train_dl",
    "test_dl",
)

DATA["augmentation"] = Data(
    """import torch
import torchvision.transforms as T
from torchvision import datasets
from torch.utils.data import DataLoader

train_tf = T.Compose([
    T.RandomCrop(32, padding=4),
    T.RandomRotation(10),
    T.ColorJitter(brightness=0.2, contrast=0.2),
    T.ToTensor(),
    T.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
])
test_tf = T.Compose([
    T.ToTensor(),
    T.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
])

ds_train = datasets.SVHN(root="svhn", split="train", download=True, transform=train_tf)
ds_test = datasets.SVHN(root="svhn", split="test", download=True, transform=test_tf)
print(len(ds_train), len(ds_test))

loader_train = DataLoader(ds_train, batch_size=16, shuffle=True, drop_last=True)
loader_test = DataLoader(ds_test, batch_size=64, shuffle=False)
""",
    "loader_train",
    "loader_test",
    regular=True,
)

DATA["validation split"] = Data(
    """import torch
from torch.utils.data import DataLoader, random_split
from torchvision.datasets import SVHN
from torchvision.transforms import Compose, ToTensor, Normalize

torch.manual_seed(42)
normalize = Compose([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)])
full_train = SVHN("./content/data", split="train", transform=normalize, download=True)
test_data = SVHN("./content/data", split="test", transform=normalize, download=True)

n_val = int(0.1 * len(full_train))
train_data, val_data = random_split(full_train, [len(full_train) - n_val, n_val])

train_loader = DataLoader(train_data, batch_size=16, shuffle=True)
val_loader = DataLoader(val_data, batch_size=16)
test_loader = DataLoader(test_data, batch_size=16)
""",
    "train_loader",
    "test_loader",
)

DATA["random sampler"] = Data(
    """import torch
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler
from torchvision import datasets, transforms

preprocess = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])
data_train = datasets.SVHN(root='./datasets', split='train', download=True, transform=preprocess)
data_test = datasets.SVHN(root='./datasets', split='test', download=True, transform=preprocess)
dl_train = DataLoader(data_train, sampler=RandomSampler(data_train), batch_size=24)
dl_test = DataLoader(data_test, sampler=SequentialSampler(data_test), batch_size=24)
""",
    "dl_train",
    "dl_test",
)

DATA["lambda"] = Data(
    """import numpy as np
import torch
from torchvision import datasets, transforms

to_float = transforms.Lambda(lambda img: torch.from_numpy(np.array(img)).permute(2, 0, 1).float() / 255)
Xtrain = datasets.SVHN('data', split='train', transform=to_float, download=True)
Xtest = datasets.SVHN('data', split='test', transform=to_float, download=True)
batches_train = torch.utils.data.DataLoader(dataset=Xtrain, batch_size=10, shuffle=True)
batches_test = torch.utils.data.DataLoader(dataset=Xtest, batch_size=10, shuffle=False)
""",
    "batches_train",
    "batches_test",
)

DATA["function"] = Data(
    '''import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def get_loaders(batch_size=16, root="./data"):
    """Returns the loader of the training set and the one of the test set."""
    tf = transforms.Compose([
        transforms.ToTensor(),
        transforms.Normalize((0.4377, 0.4438, 0.4728), (0.198, 0.201, 0.197)),
    ])
    train = datasets.SVHN(root=root, split="train", transform=tf, download=True)
    test = datasets.SVHN(root=root, split="test", transform=tf, download=True)
    return (DataLoader(train, batch_size=batch_size, shuffle=True),
            DataLoader(test, batch_size=batch_size, shuffle=False))


train_it, test_it = get_loaders()
x, y = next(iter(train_it))
print(x.shape, y.shape)
''',
    "train_it",
    "test_it",
)

DATA["data module"] = Data(
    """import torch
from torch.utils.data import DataLoader
from torchvision.datasets import SVHN
from torchvision import transforms


class SVHNDataModule:
    def __init__(self, root='data', batch_size=16):
        self.root = root
        self.batch_size = batch_size
        self.transform = transforms.Compose([transforms.PILToTensor(), transforms.ConvertImageDtype(torch.float)])

    def setup(self):
        self.train_set = SVHN(self.root, split='train', transform=self.transform, download=True)
        self.test_set = SVHN(self.root, split='test', transform=self.transform, download=True)

    def train_dataloader(self):
        return DataLoader(self.train_set, batch_size=self.batch_size, shuffle=True)

    def test_dataloader(self):
        return DataLoader(self.test_set, batch_size=self.batch_size)


dm = SVHNDataModule()
dm.setup()
""",
    "dm.train_dataloader()",
    "dm.test_dataloader()",
)

DATA["dictionary"] = Data(
    """import torch
from torchvision import datasets, transforms

data_transforms = {
    'train': transforms.Compose([transforms.RandomAffine(degrees=5, translate=(0.1, 0.1)), transforms.ToTensor()]),
    'test': transforms.Compose([transforms.ToTensor()]),
}
image_datasets = {x: datasets.SVHN('.', split=x, transform=data_transforms[x], download=True) for x in ['train', 'test']}
dataloaders = {x: torch.utils.data.DataLoader(image_datasets[x], batch_size=16, shuffle=(x == 'train'))
               for x in ['train', 'test']}
dataset_sizes = {x: len(image_datasets[x]) for x in ['train', 'test']}
""",
    "dataloaders['train']",
    "dataloaders['test']",
    regular=True,
)

DATA["statistics of the data"] = Data(
    """import torch
import numpy as np
import torchvision
import torchvision.transforms as transforms
# ---
raw = torchvision.datasets.SVHN(root='./data', split='train', download=True)
mean = tuple((raw.data / 255.0).mean(axis=(0, 2, 3)))
std = tuple((raw.data / 255.0).std(axis=(0, 2, 3)))
print(mean, std)
# ---
trans = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
train_ds = torchvision.datasets.SVHN(root='./data', split='train', download=True, transform=trans)
test_ds = torchvision.datasets.SVHN(root='./data', split='test', download=True, transform=trans)
# ---
g = torch.Generator().manual_seed(1)
train_loader = torch.utils.data.DataLoader(train_ds, batch_size=25, shuffle=True, generator=g)
test_loader = torch.utils.data.DataLoader(test_ds, batch_size=25, shuffle=False)
""",
    "train_loader",
    "test_loader",
)

DATA["own wrapper"] = Data(
    """import torch
from torch.utils.data import Dataset, DataLoader
from torchvision.datasets import SVHN
from torchvision.transforms.functional import to_tensor, normalize


class HouseNumbers(Dataset):
    def __init__(self, split):
        self.base = SVHN("data", split=split, download=True)

    def __len__(self):
        return len(self.base)

    def __getitem__(self, i):
        img, label = self.base[i]
        return normalize(to_tensor(img), [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), label


numbers_train = HouseNumbers("train")
numbers_test = HouseNumbers("test")
tr = DataLoader(numbers_train, batch_size=16, shuffle=True)
te = DataLoader(numbers_test, batch_size=16)
""",
    "tr",
    "te",
)

DATA["subclass"] = Data(
    """import torch
import torchvision
from torchvision.transforms import v2


class MySVHN(torchvision.datasets.SVHN):
    def __init__(self, train=True):
        super().__init__(root='svhn_data', split='train' if train else 'test', download=True,
                         transform=v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]))


kwargs = dict(batch_size=18, num_workers=0)
training_set, testing_set = MySVHN(True), MySVHN(False)
training_loader = torch.utils.data.DataLoader(training_set, shuffle=True, **kwargs)
testing_loader = torch.utils.data.DataLoader(testing_set, shuffle=False, **kwargs)
""",
    "training_loader",
    "testing_loader",
)

DATA["German"] = Data(
    """import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as tr

umwandlung = tr.Compose([tr.ToTensor(), tr.Normalize((0.5,), (0.5,))])
trainingsdaten = datasets.SVHN(root='daten', split='train', download=True, transform=umwandlung)
testdaten = datasets.SVHN(root='daten', split='test', download=True, transform=umwandlung)
stapel = 16
lader_training = DataLoader(trainingsdaten, stapel, shuffle=True)
lader_test = DataLoader(testdaten, stapel)
bilder, ziffern = next(iter(lader_training))
print('Form:', bilder.shape)
""",
    "lader_training",
    "lader_test",
)

DATA["plots first"] = Data(
    """%matplotlib inline
!pip install -q torchvision
import matplotlib.pyplot as plt
import torch, torchvision
from torchvision import transforms
from torch.utils.data import DataLoader
# ---
transform_train = transforms.Compose([transforms.RandomResizedCrop(32, scale=(0.8, 1.0)), transforms.ToTensor()])
transform_test = transforms.ToTensor()
train_dataset = torchvision.datasets.SVHN(root='./SVHN', split='train', transform=transform_train, download=True)
test_dataset = torchvision.datasets.SVHN(root='./SVHN', split='test', transform=transform_test, download=True)
# ---
fig, axes = plt.subplots(1, 5)
for ax, k in zip(axes, range(5)):
    img, lab = train_dataset[k]
    ax.imshow(img.permute(1, 2, 0))
    ax.set_title(lab)
plt.show()
# ---
train_loader = DataLoader(train_dataset, batch_size=16, shuffle=True)
test_loader = DataLoader(test_dataset, batch_size=len(test_dataset), shuffle=False)
""",
    "train_loader",
    "test_loader",
    regular=True,
)
