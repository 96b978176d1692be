"""Assignment 2: names → gender with an Elman network."""

from grader.scoring import Rubric
from rubrics.assignment2.question_c import character_encoding
from rubrics.assignment2.question_d import data_set

rubric = Rubric("2")
rubric.question("2c")(character_encoding)
rubric.question("2d")(data_set)

__all__ = ["rubric"]
