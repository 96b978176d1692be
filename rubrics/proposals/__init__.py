"""Proposals for the course's text questions: question id → pure function of the typed answer. None is ever a mark."""

from __future__ import annotations

from collections.abc import Mapping

from grader.scoring.proposals import Proposer
from rubrics.proposals.derivative import derivative
from rubrics.proposals.design import network_design, parameters
from rubrics.proposals.ideas import (
    improvements,
    network_output,
    non_digits,
    preprocessing,
    regularization,
    topologies,
)

proposers: Mapping[str, Proposer] = {
    "1a": preprocessing,
    "1b": derivative,
    "2a": network_design,
    "2b": network_output,
    "2g": topologies,
    "3a": parameters,
    "3b": regularization,
    "3f": improvements,
    "3g": non_digits,
}
