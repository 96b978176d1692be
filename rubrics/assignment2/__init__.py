"""Assignment 2: names → gender with an Elman network."""

from grader.scoring import Rubric
from rubrics.assignment2.exhibits import encoded_name, training_curves
from rubrics.assignment2.question_c import character_encoding
from rubrics.assignment2.question_d import data_set
from rubrics.assignment2.question_e import elman_network
from rubrics.assignment2.question_f import network_training

rubric = Rubric("2")
rubric.question("2c")(character_encoding)
rubric.question("2d")(data_set)
rubric.question("2e")(elman_network)
rubric.question("2f")(network_training)
rubric.exhibit("2d")(encoded_name)
rubric.exhibit("2f")(training_curves)

__all__ = ["rubric"]
