"""Rubric of assignment 1: Grad-CAM on a pre-trained ResNet-18 (questions 1c, 1d, 1e)."""

from __future__ import annotations

from collections.abc import Iterable

from grader.scoring import Outcome, Rubric, Student
from rubrics.assignment1.batched import batched, extraction_batched
from rubrics.assignment1.exhibits import map_and_overlay as exhibits_of_1e
from rubrics.assignment1.instantiation import instantiation
from rubrics.assignment1.maptrail import trail
from rubrics.assignment1.visualization import visualization

rubric = Rubric("1")
rubric.exhibit("1e")(exhibits_of_1e)


@rubric.question("1c")
def network_instantiation(student: Student) -> Iterable[Outcome]:
    """A pre-trained ResNet-18 that delivers logits and feature map."""
    # Functions are repeated first: probes of the network replace what its hooks hold.
    student.find(trail)
    return list(instantiation(student))


@rubric.question("1d")
def feature_extraction(student: Student) -> Iterable[Outcome]:
    """A preprocessed image through the network."""
    return list(extraction_batched(student))


@rubric.question("1e")
def map_and_overlay(student: Student) -> Iterable[Outcome]:
    """The class activation map and its product with the picture."""
    return list(visualization(student.find(batched) or student))
