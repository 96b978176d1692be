"""Question 1c: the outcomes for a pre-trained ResNet-18 that delivers logits and the output of the last convolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.scoring import Outcome, Student, met, not_met, review
from rubrics.assignment1.cores import TITLES, Core, find_cores, from_pieces, rebuild
from rubrics.assignment1.network import Delivered, delivered
from rubrics.assignment1.network_probes import probe_network


def instantiation(student: Student) -> Iterable[Outcome]:
    """Outcomes of 1c."""
    cores = student.find(find_cores)
    yield _pretrained(student, cores)
    found = student.find(delivered)
    if not (found.logits and found.features):
        found = probe_network(student, found)
    yield _logits(student, found)
    yield _feature_map(found)


def _pretrained(student: Student, cores: Sequence[Core]) -> Outcome:
    criterion = "1c.pretrained"
    used = [core for core in cores if core.called] or list(cores)
    right = [core for core in used if core.architecture == "resnet18" and core.pretrained]
    if right:
        return met(criterion, "The parameters of the ResNet-18 equal the pre-trained ImageNet ones.")
    if used:
        core = used[0]
        how = "pre-trained" if core.pretrained else f"{core.matched:.0%} of its parameters are the pre-trained ones"
        return not_met(criterion, f"The network is a {TITLES[core.architecture]}; {how}.")
    if student.find(from_pieces) is not None:
        return met(criterion, "The parameters of the network's parts equal the pre-trained ones of ResNet-18.")
    blocked = _blocked(student)
    if blocked:
        return review(criterion, blocked)
    return not_met(criterion, "No ResNet was found among the notebook's objects.")


def _blocked(student: Student) -> str:
    """A sentence when the network could not be had here for reasons that are not the student's."""
    for cell in student.notebook.code_cells:
        wants = "resnet18" in cell.source or "resnet_18" in cell.source
        if wants and cell.error_name in {"URLError", "HTTPError", "ConnectionError", "ModuleNotFoundError", "gaierror"}:
            return f"Cell {cell.index + 1} asks for a ResNet-18 in a way that needs the network: {cell.error_name}."
    return ""


def _logits(student: Student, found: Delivered) -> Outcome:
    criterion = "1c.logits"
    network = student.find(rebuild)
    if found.logits:
        if network is not None and network.core.pretrained and network.core.has_fc and not network.core.original_fc:
            return not_met(criterion, "The final layer is not the pre-trained one, so the logits are others.")
        return met(criterion, f"The original logits were found in {found.logits[0]}.")
    if found.near_logits:
        return review(criterion, f"{found.near_logits[0]} is close to the original logits, but not equal to them.")
    if network is None:
        return not_met(criterion, "No network was found that turns images into logits.")
    if found.features:
        return not_met(criterion, "The network as used delivers the feature map, but no logits.")
    return not_met(criterion, "No result of the network equals the original logits.")


def _feature_map(found: Delivered) -> Outcome:
    criterion = "1c.feature-map"
    if found.features:
        return met(criterion, f"The output of `layer4` was found in {found.features[0]}.")
    if found.lost:
        return not_met(
            criterion, f"The output of `layer4` appears in {found.lost[0]} only, where later code cannot read it."
        )
    if found.near_features:
        return review(criterion, f"{found.near_features[0]} is close to the output of `layer4`, but not equal to it.")
    return not_met(
        criterion, "After the network had processed images, the output of `layer4` was neither returned nor saved."
    )
