"""Question 3e: the optimizer."""

from __future__ import annotations

import ast

from grader.scoring import Outcome, Student, met, not_met, review
from reference.assignment3 import PLAN
from rubrics.assignment3.objects import objects
from rubrics.assignment3.optimizers import holding, left_out
from rubrics.assignment3.probing import find_network
from rubrics.assignment3.runs import Training
from rubrics.source import calls
from rubrics.training import TrainingRun

OPTIMIZERS = (
    "Adam",
    "SGD",
    "AdamW",
    "RMSprop",
    "NAdam",
    "RAdam",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "LBFGS",
    "Rprop",
    "ASGD",
    "SparseAdam",
    "Adafactor",
    "Muon",
)


def how(training: Training) -> str:
    """How the training was seen, in front of the evidence."""
    return f"{training.repaired}: " if training.repaired else ""


def written(student: Student, *names: str) -> list[ast.Call]:
    """Calls of some functions in the notebook's cells."""
    return [call for cell in student.find(objects).cells for call in calls(cell.tree, *names)]


def optimizer(student: Student, training: Training) -> Outcome:
    """The outcome of ``3e.optimizer``."""
    criterion = "3e.optimizer"
    run = training.run
    steps = run.events("step") if run is not None else []
    replaced = training.optimizer_replaced or (training.repaired and holding(student))
    if run is not None and steps and not replaced:
        if run.network is not None and not any(run.network in (step.get("modules") or ()) for step in steps):
            return not_met(criterion, f"{how(training)}The optimizer moves no parameter of the trained network.")
        lacking = _not_covered(student, run, {step.get("optimizer") for step in steps})
        if lacking:
            return not_met(criterion, f"The optimizer leaves out {', '.join(lacking[:4])}.")
        return met(criterion, f"{how(training)}The optimizer moves the parameters of the network.")
    return idle_optimizer(student, training)


def idle_optimizer(student: Student, training: Training) -> Outcome:
    """Without a step, an optimizer that was made over the network's parameters is right."""
    criterion = "3e.optimizer"
    network = student.find(find_network)
    obj = network.candidate.obj if network is not None else None
    entries = student.find(objects).entries("optimizers")
    held = holding(student)
    if obj is not None and held:
        lacking = left_out(student, obj, held)
        if lacking:
            return not_met(criterion, f"The optimizer leaves out {', '.join(lacking[:4])}.")
        return met(criterion, "An optimizer over the parameters of the network is made.")
    plain = [[one for one in entry.get("parameters") or () if one.get("module") is None] for entry in entries]
    if network is not None and obj is None and any(len(tensors) > len(PLAN) for tensors in plain):
        return met(criterion, "An optimizer over plain tensors, of which the network is made, is made.")
    if entries:
        return not_met(criterion, "The optimizer does not hold the parameters of the network.")
    for call in written(student, *OPTIMIZERS):
        if calls(call, "parameters", "named_parameters"):
            return met(criterion, "The source makes an optimizer over the parameters of the network.")
    if training.run is not None and updates_by_hand(student):
        return review(criterion, "Parameters are updated by hand, without an optimizer of PyTorch.")
    return not_met(criterion, "No optimizer was found.")


def updates_by_hand(student: Student) -> bool:
    """Whether something is computed of a gradient, as in an update without an optimizer."""
    for cell in student.find(objects).cells:
        for node in ast.walk(cell.tree):
            value = node.value if isinstance(node, (ast.AugAssign, ast.Assign, ast.Expr)) else None
            if value is not None and any(isinstance(p, ast.Attribute) and p.attr == "grad" for p in ast.walk(value)):
                return True
    return False


def _not_covered(student: Student, run: TrainingRun, optimizers: set[int]) -> list[str]:
    """Trainable parameters of the network that none of its optimizers holds."""
    entries = [entry for entry in student.find(objects).entries("optimizers") if entry.get("obj") in optimizers]
    return left_out(student, run.network, entries) if len(entries) == len(optimizers) else []
