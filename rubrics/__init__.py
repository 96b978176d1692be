"""The course: its pack of questions and points, and a rubric an assignment."""
