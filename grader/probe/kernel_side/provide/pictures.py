"""The functions that read picture files."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from .patching import replace, when_imported
from .provision import Provision

_READERS = {
    "PIL.Image": ("open",),
    "cv2": ("imread",),
    "matplotlib.image": ("imread",),
    "torchvision.io": ("read_file", "read_image", "decode_image"),
    "torchvision.io.image": ("read_file", "read_image", "decode_image"),
    "imageio": ("imread",),
    "imageio.v2": ("imread",),
    "imageio.v3": ("imread",),
    "skimage.io": ("imread",),
}
"""Module → functions whose first argument may be the path of a picture."""


def install(provision: Provision) -> None:
    """Replaces the readers, also those of libraries that are imported later."""
    for module, names in _READERS.items():
        when_imported(module, _patch(provision, names))


def _patch(provision: Provision, names: tuple[str, ...]) -> Callable[[ModuleType], None]:
    def patch(module: ModuleType) -> None:
        for name in names:
            replace(module, name, lambda original: _reader(provision, original))

    return patch


def _reader(provision: Provision, original: Callable[..., Any]) -> Callable[..., Any]:
    first_names = ("fp", "filename", "fname", "path", "input", "uri")

    def read(*args: Any, **kwargs: Any) -> Any:
        if args:
            args = (provision.instead(args[0], any_picture=True), *args[1:])
        else:
            for name in first_names:
                if name in kwargs:
                    kwargs[name] = provision.instead(kwargs[name], any_picture=True)
        with provision.quietly():
            return original(*args, **kwargs)

    return read
