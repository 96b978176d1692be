"""Asking a live or recorded kernel about the objects that a notebook left behind.

``types`` holds the request and answer that rubrics, scoring and execution share; ``expr`` builds the
expressions a request is made of; ``value`` reads answers; ``kernel_side`` is all that runs beside the student.
"""
