"""Reference for assignment 2: encoding of first names, the Elman network, its decision and its accuracy.

The network is that of J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990): for the elements
s = 1 … S of a sequence, h^s = g(W1 x^s + Wr h^{s-1}) with h^0 = 0, and z^s = W2 h^s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

Matrix = npt.NDArray[np.float64]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""The letters that have a code; capitals take the code of their lower-case letter."""

CHARACTERS = LETTERS + "-"
"""All characters of the names, in the order of their codes."""

D = len(CHARACTERS)
"""Size of a character's code, 27."""


def encode_character(character: str) -> Matrix:
    """One-hot code (D,) of a character.

    Raises:
        ValueError: It is neither a letter nor '-'.
    """
    code = np.zeros(D)
    code[CHARACTERS.index(character.lower())] = 1
    return code


def encode_name(name: str, length: int) -> Matrix:
    """Codes (S, D) of a name's characters, with rows of zeros behind them.

    Args:
        name: The name.
        length: S; what a longer name has beyond it is cut.
    """
    rows = np.zeros((length, D))
    for step, character in enumerate(name[:length]):
        rows[step] = encode_character(character)
    return rows


class NameDataset(Dataset[tuple[Tensor, Tensor]]):
    """Names as (S, D) float tensors with the target 1.0 for ``F`` and 0.0 for ``M``; S is the longest name's length."""

    def __init__(self, names: Sequence[str], genders: Sequence[str]) -> None:
        self.names, self.genders = list(names), list(genders)
        self.length = max(len(name) for name in self.names)

    def __len__(self) -> int:
        """Number of names."""
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Code and target of a name."""
        rows = torch.from_numpy(encode_name(self.names[index], self.length)).float()
        return rows, torch.tensor(float(self.genders[index] == "F"))


class ElmanNetwork(nn.Module):
    """Logits (B, O) of the last element for names (B, S, D).

    Args:
        inputs: D.
        hidden: K.
        outputs: O, one for a binary decision.
    """

    def __init__(self, inputs: int = D, hidden: int = 32, outputs: int = 1) -> None:
        super().__init__()
        self.input = nn.Linear(inputs, hidden)
        self.recurrent = nn.Linear(hidden, hidden, bias=False)
        self.output = nn.Linear(hidden, outputs)

    def forward(self, names: Tensor) -> Tensor:
        """Runs over the elements in order."""
        state = names.new_zeros(len(names), self.recurrent.in_features)
        for element in names.unbind(1):
            state = torch.tanh(self.input(element) + self.recurrent(state))
        logits: Tensor = self.output(state)
        return logits


def elman_states(inner: Matrix, recurrent: Matrix, g: Callable[[Matrix], Matrix], start: Matrix) -> Matrix:
    """Hidden states (B, S, K) of h^s = g(a^s + h^{s-1} R).

    Args:
        inner: a^s = W1 x^s with all biases, (B, S, K).
        recurrent: R = Wr transposed, (K, K).
        g: The activation.
        start: h^0, (B, K).
    """
    state, states = start, []
    for step in range(inner.shape[1]):
        state = g(inner[:, step] + state @ recurrent)
        states.append(state)
    return np.stack(states, axis=1)


def predicted(outputs: Matrix, threshold: float = 0.0) -> npt.NDArray[np.int64]:
    """Classes (B,) by the decision rule: the larger of two outputs, or whether a single one exceeds the threshold.

    Args:
        outputs: (B, O) or (B,).
        threshold: 0 for logits, 0.5 for probabilities.
    """
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] > 1:
        return np.asarray(flat.argmax(axis=1), dtype=np.int64)
    return np.asarray(flat[:, 0] > threshold, dtype=np.int64)


def train_epoch(
    network: nn.Module, loader: DataLoader[tuple[Tensor, Tensor]], optimizer: torch.optim.Optimizer
) -> float:
    """Trains for an epoch with binary cross-entropy and returns the share of names that were classified rightly."""
    right = seen = 0
    for names, targets in loader:
        optimizer.zero_grad()
        logits = network(names).squeeze(1)
        torch.autograd.backward(nn.functional.binary_cross_entropy_with_logits(logits, targets))
        optimizer.step()
        right += int(((logits > 0) == (targets > 0.5)).sum())
        seen += len(targets)
    return right / seen
