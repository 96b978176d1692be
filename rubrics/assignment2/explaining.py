"""What reproduces a recurrent network's outputs, also those of ``nn.RNN`` with several layers or directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rubrics.assignment2.elman import ACTIVATIONS, RIGHT, Hidden, Maps, Matrix, run
from rubrics.assignment2.heads import Fit, OutputLayers, fits, match_head
from rubrics.assignment2.recurrent import Network


def explain(network: Network) -> Fit | None:
    """The hypothesis that reproduces the network's outputs."""
    return next(explanations(network), None)


def explanations(network: Network) -> Iterator[Fit]:
    """All hypotheses that reproduce the network's outputs, the flawless ones first."""
    if network.x is None or network.gated or not all(np.isfinite(output).all() for output in network.outputs):
        return
    built = _built_in(network)
    if built is not None:
        yield built
    yield from fits(network.params, network.x, network.outputs, network.start)


def output_of_input(network: Network) -> bool:
    """Whether the results are those of an output layer on the input itself, past the hidden states."""
    x = network.x
    if x is None or not all(np.isfinite(output).all() for output in network.outputs):
        return False
    itself = Hidden(x, x, RIGHT, "none", 1, ("", ""), np.zeros((len(x), x.shape[-1])))
    found = match_head(OutputLayers(network.params), itself, network.outputs)
    return found is not None and bool(found.names[2]) and found.head in {"last", "all"}


def _built_in(network: Network) -> Fit | None:
    """``nn.RNN`` of several layers or both directions, which the general search does not cover."""
    x = network.x
    for part in network.tree:
        config = part.get("config") or {}
        layers, both = int(config.get("num_layers") or 1), bool(config.get("bidirectional"))
        if part.get("type") != "RNN" or x is None or (layers == 1 and not both):
            continue
        prefix = f"{part['name']}." if part.get("name") else ""
        name = str(config.get("nonlinearity") or "tanh")
        for axis in (1, 0) if not config.get("batch_first") else (1,):
            states = _stack(network.params, prefix, x if axis == 1 else x.swapaxes(0, 1), name, (layers, both))
            if states is None:
                continue
            names = (f"{prefix}weight_ih_l0", f"{prefix}weight_hh_l0")
            hidden = Hidden(states, states, RIGHT, name, axis, names, np.zeros((len(states), states.shape[-1])))
            found = match_head(OutputLayers(network.params), hidden, network.outputs)
            if found is not None:
                return found
    return None


def _stack(params: Mapping[str, Matrix], prefix: str, x: Matrix, name: str, shape: tuple[int, bool]) -> Matrix | None:
    layers, both = shape
    for layer in range(layers):
        directions = []
        for suffix in ("", "_reverse") if both else ("",):
            into = params.get(f"{prefix}weight_ih_l{layer}{suffix}")
            back = params.get(f"{prefix}weight_hh_l{layer}{suffix}")
            if into is None or back is None:
                return None
            bias = params.get(f"{prefix}bias_ih_l{layer}{suffix}", np.zeros(len(into)))
            bias = bias + params.get(f"{prefix}bias_hh_l{layer}{suffix}", np.zeros(len(into)))
            turned = x[:, ::-1] if suffix else x
            states = run(Maps(into.T, back.T, bias, ("", "")), ACTIVATIONS[name], turned, np.zeros(len(back)))
            directions.append(states[:, ::-1] if suffix else states)
        x = np.concatenate(directions, axis=-1)
    return x
