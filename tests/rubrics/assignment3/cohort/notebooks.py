"""Whole notebooks of the cohort: parts of the three questions put together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from tests.fidelity.cases import Case, Label
from tests.rubrics.assignment3.cohort.data import DATA, Data
from tests.rubrics.assignment3.cohort.faults import DATA_FAULTS, NETWORK_FAULTS, Fault, apply
from tests.rubrics.assignment3.cohort.faults_training import TRAINING_FAULTS
from tests.rubrics.assignment3.cohort.more_trainings import MORE_TRAININGS
from tests.rubrics.assignment3.cohort.networks import NETWORKS, Network
from tests.rubrics.assignment3.cohort.trainings import TRAININGS as FIRST_TRAININGS
from tests.rubrics.assignment3.cohort.trainings import Training
from tests.rubrics.assignment3.cohort.whole import WHOLE

TRAININGS = {**FIRST_TRAININGS, **MORE_TRAININGS}
P = TypeVar("P", Data, Network, Training)
DRAWN = 150
IMAGES = (48, 24)
_CUT = re.compile(r"^# ---\n", re.MULTILINE)
UNREGULATED = {"3d.regularization": Label("not-met", 0.0)}


def assembled(data: Data, network: Network, training: Training) -> tuple[str, ...]:
    """The cells of a notebook of these three parts."""
    code = training.source
    for word, text in {
        "FLOSS": "nll_loss" if network.log else "cross_entropy",
        "LOSS": "NLLLoss" if network.log else "CrossEntropyLoss",
        "TRAIN": data.train,
        "TEST": data.test,
        "NET": network.make,
    }.items():
        code = re.sub(rf"\b{word}\b", text.replace("\\", r"\\"), code)
    return tuple(cell for source in (data.source, network.source, code) for cell in _CUT.split(source))


def unregulated(data: Data, network: Network, training: Training) -> dict[str, Label]:
    """What a notebook loses when none of its parts regularizes."""
    return {} if data.regular or network.regular or training.regular else UNREGULATED


def right() -> Iterator[Case]:
    """Every part occurs in several notebooks, each time among other ones."""
    every_data, every_network, every_training = list(DATA.items()), list(NETWORKS.items()), list(TRAININGS.items())
    for turn, (step, shift) in enumerate(((1, 0), (2, 1), (4, 3))):
        for at, (name, training) in enumerate(every_training):
            data_name, data = every_data[(at * step + shift) % len(every_data)]
            network_name, network = every_network[(at + 5 * turn) % len(every_network)]
            lost = unregulated(data, network, training)
            yield Case(
                f"cohort: {data_name}, {network_name}, {name}",
                "3",
                assembled(data, network, training),
                lost,
                faults=len(lost),
                images=IMAGES,
            )


def whole() -> Iterator[Case]:
    """The right notebooks that do not come in parts."""
    for name, cells in WHOLE.items():
        yield Case(f"cohort: {name}", "3", cells, images=IMAGES)


def faulty() -> Iterator[Case]:
    """Every fault in a notebook whose other parts are right."""
    for at, fault in enumerate((*DATA_FAULTS, *NETWORK_FAULTS, *TRAINING_FAULTS)):
        yield notebook({fault.question: fault}, at)


def several() -> Iterator[Case]:
    """Notebooks with a fault in each of two or three questions, drawn in a fixed order."""
    banks = {"3c": DATA_FAULTS, "3d": NETWORK_FAULTS, "3e": TRAINING_FAULTS}
    draw = random.Random(3)
    for at in range(DRAWN):
        chosen = {question: draw.choice(bank) for question, bank in banks.items()}
        if at % 3:
            del chosen[draw.choice(list(banks))]
        others = draw.randrange(1000)
        if _possible(chosen.get("3d"), chosen.get("3e")):
            yield notebook(chosen, others)


def notebook(faults: Mapping[str, Fault], at: int) -> Case:
    """A notebook with one fault at most in each part; ``at`` chooses the parts without a fault."""
    data = _part(DATA, faults.get("3c"), at)
    trained = faults.get("3e")
    suiting = {k: v for k, v in NETWORKS.items() if "3d" in faults or _suits(v, trained)}
    network = _part(suiting, faults.get("3d"), at // 2)
    training = _part(TRAININGS, trained, at // 3)
    lost = {c: label for fault in faults.values() for c, label in fault.lost.items()}
    lost |= unregulated(data, network, training)
    words = " + ".join(f"{fault.name} ({fault.base})" for fault in faults.values())
    return Case(f"cohort: {words}", "3", assembled(data, network, training), lost, faults=len(lost), images=IMAGES)


def _part(parts: Mapping[str, P], fault: Fault | None, at: int) -> P:
    if fault is None:
        return list(parts.values())[at % len(parts)]
    part = parts[fault.base]
    return replace(part, source=apply(part.source, fault), regular=part.regular and not fault.unregulated)


def _suits(network: Network, fault: Fault | None) -> bool:
    """Whether a fault of the training shows with this network."""
    modes = "Dropout(" in network.source or "BatchNorm" in network.source
    wanted = {"logits": not network.log, "mode": modes, "modeless": not network.regular}
    return fault is None or wanted.get(fault.needs, True)


def _possible(built: Fault | None, trained: Fault | None) -> bool:
    """Whether the fault of the training still is one with the network's fault."""
    if built is None or trained is None:
        return True
    return _suits(NETWORKS[built.base], trained) and not (trained.needs == "mode" and built.unregulated)
