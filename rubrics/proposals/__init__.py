"""Proposals for the course's text questions: question id → pure function of the typed answer."""

from __future__ import annotations

from collections.abc import Mapping

from grader.scoring.proposals import Proposer

proposers: Mapping[str, Proposer] = {}
