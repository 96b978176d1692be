"""Cells of a right notebook, small enough to train in seconds, and how to change them."""

from __future__ import annotations

DATA = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
train_data = datasets.SVHN(root="./data", split="train", download=True, transform=transform)
test_data = datasets.SVHN(root="./data", split="test", download=True, transform=transform)
train_data = Subset(train_data, range(88))
test_data = Subset(test_data, range(50))
train_loader = DataLoader(train_data, batch_size=32, shuffle=True)
test_loader = DataLoader(test_data, batch_size=32, shuffle=False)
"""

NETWORK = """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=5, stride=1, padding=(2, 0))
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5, stride=1, padding=(2, 0))
        self.conv3 = nn.Conv2d(64, 128, kernel_size=5, stride=1, padding=(2, 0))
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(128 * 8 * 1, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        x = torch.flatten(x, 1)
        x = self.dropout(x)
        return self.fc(x)

model = CNN().to(device)
"""

TRAINING = """
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
num_epochs = 10

for epoch in range(num_epochs):
    model.train()
    running_loss = 0.0
    for images, labels in train_loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for images, labels in test_loader:
            images, labels = images.to(device), labels.to(device)
            outputs = model(images)
            _, predicted = torch.max(outputs, 1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    print(f"Epoch [{epoch + 1}/{num_epochs}], Loss: {running_loss / len(train_loader):.4f}, "
          f"Test accuracy: {100 * correct / total:.2f}%")
"""

RIGHT = (DATA, NETWORK, TRAINING)


def change(text: str, *replacements: tuple[str, str]) -> str:
    """Replaces each old text, which must be there."""
    for old, new in replacements:
        assert old in text, f"expected {old!r} in the cell"
        text = text.replace(old, new)
    return text


def data(*replacements: tuple[str, str]) -> list[str]:
    """The right notebook with another data cell."""
    return [change(DATA, *replacements), NETWORK, TRAINING]


def network(*replacements: tuple[str, str]) -> list[str]:
    """The right notebook with another network cell."""
    return [DATA, change(NETWORK, *replacements), TRAINING]


def training(*replacements: tuple[str, str]) -> list[str]:
    """The right notebook with another training cell."""
    return [DATA, NETWORK, change(TRAINING, *replacements)]
