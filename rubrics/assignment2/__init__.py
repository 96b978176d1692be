"""Assignment 2: names → gender with an Elman network."""

from grader.scoring import Rubric
from rubrics.assignment2.question_c import character_encoding

rubric = Rubric("2")
rubric.question("2c")(character_encoding)

__all__ = ["rubric"]
