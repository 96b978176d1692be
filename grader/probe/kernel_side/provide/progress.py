"""Progress bars for notebooks, where the widgets that they are drawn with are not installed."""

from __future__ import annotations

from typing import Any

from .patching import when_imported


def install() -> None:
    """Lets ``tqdm.notebook`` write plain bars instead of asking for ``ipywidgets``."""
    when_imported("tqdm.notebook", _patch)


def _patch(module: Any) -> None:
    if getattr(module, "IProgress", None) is not None:
        return

    class PlainBar(module.std_tqdm):  # type: ignore[misc]
        """A bar of characters that takes what the one of widgets takes."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("display", None)
            if isinstance(kwargs.get("ncols"), str):
                del kwargs["ncols"]
            super().__init__(*args, **kwargs)

    def plain_range(*args: int, **kwargs: Any) -> Any:
        return PlainBar(range(*args), **kwargs)

    module.tqdm = module.tqdm_notebook = PlainBar
    module.trange = module.tnrange = plain_range
