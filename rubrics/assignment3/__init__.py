"""Rubric of assignment 3: house number images, from data loaders to the trained network."""

from __future__ import annotations

from grader.scoring import Rubric
from rubrics.assignment3.exhibits import layer_table, training_and_test
from rubrics.assignment3.loading import dataset_and_loaders
from rubrics.assignment3.network import convolutional_network
from rubrics.assignment3.training import network_training

rubric = Rubric("3")
rubric.question("3c")(dataset_and_loaders)
rubric.question("3d")(convolutional_network)
rubric.question("3e")(network_training)
rubric.exhibit("3d")(layer_table)
rubric.exhibit("3e")(training_and_test)

__all__ = ["rubric"]
