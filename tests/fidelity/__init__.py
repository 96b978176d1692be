"""How well rubrics agree with labels: hundreds of notebooks with known faults, single and in pairs."""
