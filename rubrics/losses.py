"""Which loss a training minimises, told by names and by recomputing its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rubrics.trace import Event, Floats, Trace

RIGHT_FOR_CLASSES = "cross-entropy"
"""Name of the categorical cross-entropy of logits, however it is computed."""

RIGHT_FOR_BINARY = "binary cross-entropy"
"""Name of the binary cross-entropy of a logit or of its sigmoid."""

LIKELIHOOD_OF_LOGITS = "negative log-likelihood of logits"
"""Name of what ``NLLLoss`` gives for logits."""

WITHOUT_SIGMOID = "binary cross-entropy of a logit without its sigmoid"
"""Name of what ``BCELoss`` gives for a logit, as far as it accepts one."""

OF_ONE = "cross-entropy of a single output"
"""Name of what a loss of classes gives for one output, as far as it accepts it."""


@dataclass(frozen=True)
class LossSeen:
    """The loss of a training.

    Attributes:
        form: ``"cross-entropy"``, ``"binary cross-entropy"``, or a name of what was computed instead,
            e.g. ``"cross-entropy of probabilities"``; ``"unknown"`` when nothing explains the values.
        outputs: Size of the last dimension of the network's output, where seen.
        saw: A sentence for the student.
    """

    form: str
    outputs: int | None
    saw: str


def log_softmax(z: Floats) -> Floats:
    """Logarithm of the softmax over the last dimension."""
    shifted = z - z.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def _softmax(z: Floats) -> Floats:
    return np.exp(log_softmax(z))


def _picked(values: Floats, target: Floats) -> Floats:
    """``values[b, target[b]]`` for (B, C) and (B)."""
    picked: Floats = values[np.arange(len(values)), target.astype(np.int64)]
    return picked


def _one_hot(target: Floats, classes: int) -> Floats:
    rows: Floats = np.eye(classes)[target.astype(np.int64)]
    return rows


def _classes(target: Floats, outputs: int) -> Floats | None:
    """Class indices of shape (B), of indices or of one-hot rows."""
    if target.ndim == 2 and target.shape[1] == outputs and outputs > 1:
        return np.asarray(target.argmax(axis=1), dtype=np.float64)
    flat = target.reshape(-1)
    if flat.size and (np.any(flat != np.round(flat)) or flat.min() < 0 or flat.max() >= outputs):
        return None
    return flat


def _sigmoid(z: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -500, 500)))
    return result


def _bce(p: Floats, t: Floats) -> Floats:
    clipped = np.clip(p, 1e-44, 1 - 1e-16)
    return -(t * np.log(clipped) + (1 - t) * np.log(1 - clipped))


Formula = Callable[[Floats, Floats], Floats]

_CATEGORICAL: dict[str, Formula] = {
    "cross-entropy": lambda z, t: -_picked(log_softmax(z), t),
    "cross-entropy of probabilities": lambda z, t: -_picked(log_softmax(_softmax(z)), t),
    "negative log-likelihood without log-softmax": lambda z, t: -_picked(z, t),
    "negative log-likelihood of probabilities": lambda z, t: -_picked(_softmax(z), t),
    "mean squared error": lambda z, t: ((z - _one_hot(t, z.shape[1])) ** 2).mean(axis=1),
    "mean squared error of probabilities": lambda z, t: ((_softmax(z) - _one_hot(t, z.shape[1])) ** 2).mean(axis=1),
    "binary cross-entropy of each class": lambda z, t: _bce(_sigmoid(z), _one_hot(t, z.shape[1])).mean(axis=1),
    "mean absolute error": lambda z, t: np.abs(z - _one_hot(t, z.shape[1])).mean(axis=1),
    "cross-entropy of a softmax over the batch": lambda z, t: -_picked(log_softmax(z.T).T, t),
}

_BINARY: dict[str, Formula] = {
    "binary cross-entropy": lambda z, t: _bce(_sigmoid(z), t),
    "binary cross-entropy of a sigmoid twice": lambda z, t: _bce(_sigmoid(_sigmoid(z)), t),
    "mean squared error of a probability": lambda z, t: (_sigmoid(z) - t) ** 2,
    "mean squared error": lambda z, t: (z - t) ** 2,
    "mean absolute error": lambda z, t: np.abs(z - t),
}

WRONG_SIGN = ", with the wrong sign"
_OF_PROBABILITIES = "negative logarithm of the class's probability"
_OF_PROBABILITY = "binary cross-entropy of a probability"


def hypotheses(output: Floats, target: Floats) -> dict[str, float]:
    """What each known loss gives for a network's output, averaged over the batch.

    Args:
        output: (B, C), (B, 1), (B) or (B, S, C), of which the last element counts.
        target: (B) class indices, (B, C) one-hot rows or (B, 1).
    """
    z = output[:, -1] if output.ndim == 3 else output
    if z.ndim == 2 and z.shape[1] > 1:
        target_classes = _classes(target, z.shape[1])
        if target_classes is None or len(target_classes) != len(z):
            return {}
        categorical = {name: float(formula(z, target_classes).mean()) for name, formula in _CATEGORICAL.items()}
        if _looks_like(z) == "probabilities":
            chosen = np.clip(_picked(z, target_classes), 1e-44, 1)
            categorical[_OF_PROBABILITIES] = float(-np.log(chosen).mean())
        return categorical
    flat, wanted = z.reshape(-1), target.reshape(-1)
    if flat.shape != wanted.shape:
        return {}
    found = {name: float(formula(flat, wanted).mean()) for name, formula in _BINARY.items()}
    if flat.size and flat.min() >= 0 and flat.max() <= 1:
        found[_OF_PROBABILITY] = float(_bce(flat, wanted).mean())
    return found


def close(a: float, b: float, relative: float = 2e-3) -> bool:
    """Whether two losses agree to single precision."""
    return abs(a - b) <= relative * max(abs(a), abs(b)) + 1e-5


_FUNCTION_NAMES = {
    "mse_loss": "mean squared error",
    "l1_loss": "mean absolute error",
    "smooth_l1_loss": "smooth absolute error",
    "huber_loss": "Huber loss",
    "binary_cross_entropy_with_logits": "binary cross-entropy of each class",
    "binary_cross_entropy": "binary cross-entropy of each class",
    "multi_margin_loss": "margin loss",
    "multilabel_soft_margin_loss": "multi-label margin loss",
    "multilabel_margin_loss": "multi-label margin loss",
    "soft_margin_loss": "margin loss",
    "hinge_embedding_loss": "hinge loss",
    "kl_div": "Kullback-Leibler divergence",
    "poisson_nll_loss": "Poisson likelihood",
    "gaussian_nll_loss": "Gaussian likelihood",
    "nll_loss": "negative log-likelihood",
    "cross_entropy": "cross-entropy",
}


def _looks_like(rows: Floats) -> str:
    """``probabilities``, ``log-probabilities`` or ``logits``, for (…, C) with C > 1."""
    if rows.size and rows.min() >= -1e-6 and np.allclose(rows.sum(axis=-1), 1, atol=1e-3):
        return "probabilities"
    if rows.size and rows.max() <= 1e-5 and np.allclose(np.exp(rows).sum(axis=-1), 1, atol=1e-3):
        return "log-probabilities"
    return "logits"


_OF_UNIT_INTERVAL = {"sigmoid", "softmax", "hardsigmoid"}
_MAYBE_BY_HAND = {"", "div", "reciprocal", "mul", "exp", "clamp", "clampmin", "clampmax", "where", "pow"}
"""Operations that may be the last of a sigmoid written by hand."""

_LINEAR = {"addmm", "mm", "bmm", "baddbmm", "linear", "mv", "dot"}


def is_probability(produced_by: str, values: Floats) -> bool:
    """Whether single outputs are probabilities: by the operation that made them, else by their range.

    Args:
        produced_by: As in the trace; ``""`` when it is not known.
        values: The outputs. An untrained network's logits may all lie in [0, 1] by chance.
    """
    if produced_by in _OF_UNIT_INTERVAL:
        return True
    within = bool(values.size and values.min() >= 0 and values.max() <= 1)
    return within and produced_by in _MAYBE_BY_HAND


def _input_is(trace: Trace, events: Sequence[Event]) -> str:
    """What was handed to the losses: decided by their values where these are known, else as recorded."""
    seen = []
    for event in events:
        values = trace.array(event.get("input"))
        if values is not None and values.ndim >= 2 and values.shape[-1] > 1:
            bounded = event.get("produced_by") in _OF_UNIT_INTERVAL  # rows of a sigmoid do not sum to one
            seen.append(
                "probabilities" if bounded else _looks_like(np.moveaxis(values, 1, -1) if values.ndim > 2 else values)
            )
        elif values is not None and values.size:
            single = is_probability(str(event.get("produced_by", "")), values)
            seen.append("probabilities" if single else "logits")
    if seen:
        return seen[0] if all(one == seen[0] for one in seen) else "logits"
    return str(events[0].get("input_is", "logits"))


def classify_loss_events(trace: Trace, events: Iterable[Event]) -> LossSeen | None:
    """The loss of a training that calls PyTorch's loss functions; None when it never did."""
    seen = list(events)
    if not seen:
        return None
    names = [str(event.get("fn")) for event in seen]
    function = max(set(names), key=names.count)
    chosen = [event for event in seen if event.get("fn") == function][:60]
    shape = chosen[0].get("in_shape") or []
    outputs = int(shape[1]) if len(shape) > 1 else 1
    given = _input_is(trace, chosen)
    form = _form(function, given, outputs)
    if form == RIGHT_FOR_BINARY and function == "binary_cross_entropy" and _plain_logits(trace, chosen):
        form = WITHOUT_SIGMOID
    return LossSeen(form, outputs, f"{function} receives {_plural(given)} of {outputs} outputs")


def _plain_logits(trace: Trace, events: Sequence[Event]) -> bool:
    """Whether a loss that wants probabilities got what a linear layer gave, or values that are none."""
    for event in events:
        values = trace.array(event.get("input"))
        if values is not None and values.size and (values.min() < 0 or values.max() > 1):
            return True
    return bool(events) and all(event.get("produced_by") in _LINEAR for event in events)


def _plural(given: str) -> str:
    return {"logits": "logits", "probabilities": "probabilities", "log-probabilities": "log-probabilities"}[given]


def _form(function: str, given: str, outputs: int) -> str:
    if function == "cross_entropy":
        if outputs == 1:
            return OF_ONE
        return "cross-entropy of probabilities" if given == "probabilities" else RIGHT_FOR_CLASSES
    if function == "nll_loss":
        if given == "log-probabilities":
            return RIGHT_FOR_CLASSES
        return f"negative log-likelihood of {given}"
    if outputs == 1 and function == "binary_cross_entropy_with_logits":
        return "binary cross-entropy of a sigmoid twice" if given == "probabilities" else RIGHT_FOR_BINARY
    if outputs == 1 and function == "binary_cross_entropy":
        return RIGHT_FOR_BINARY
    return _FUNCTION_NAMES.get(function, function)


def directed(seen: LossSeen | None, *, maximised: bool) -> LossSeen | None:
    """What is made small by an optimizer that makes the loss as large as it can, or as small."""
    if seen is None or not maximised or seen.form == "unknown":
        return seen
    form = seen.form.removesuffix(WRONG_SIGN) if seen.form.endswith(WRONG_SIGN) else seen.form + WRONG_SIGN
    return replace(seen, form=form, saw=f"{seen.saw}, and the optimizer maximises")


def classify_values(samples: Iterable[tuple[float, Floats, Floats]]) -> LossSeen | None:
    """The loss of a training that computes it by hand.

    Args:
        samples: Value of the loss, output of the network and targets, a batch each.

    Returns:
        The hypothesis that explains all values as a mean (or sum) over the batch; form ``unknown`` when
        none does, None without samples.
    """
    remaining: set[tuple[str, str]] | None = None
    outputs: int | None = None
    count = 0
    for value, output, target in samples:
        outputs = int(output.shape[-1]) if output.ndim > 1 else 1
        if not np.isfinite(output).all():  # a training that has run away says no more
            continue
        fitting = {
            (name, ending)
            for name, mean in hypotheses(output, target).items()
            for ending, given in (("", value), (WRONG_SIGN, -value))
            if close(given, mean) or close(given, mean * len(output))
        }
        remaining = fitting if remaining is None else remaining & fitting
        count += 1
    if remaining is None:
        return None
    if not remaining:
        return LossSeen("unknown", outputs, f"the loss of {count} batches is none of the usual ones")
    names = [_OF_PROBABILITIES, *_CATEGORICAL, _OF_PROBABILITY, *_BINARY]
    name, ending = min(remaining, key=lambda found: (found[1], names.index(found[0])))  # the right sign comes first
    form = {_OF_PROBABILITIES: RIGHT_FOR_CLASSES, _OF_PROBABILITY: RIGHT_FOR_BINARY}.get(name, name) + ending
    return LossSeen(form, outputs, f"the values of {count} batches are those of {form}")
