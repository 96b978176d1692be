"""Pre-trained weights: the checkpoint folder of ``torch.hub``, and ``torch.hub.load`` of torchvision's models."""

from __future__ import annotations

import os
import shutil
import tempfile
from types import ModuleType
from typing import Any

from .patching import replace, when_imported
from .provision import Provision

_HUB_OPTIONS = ("source", "trust_repo", "force_reload", "verbose", "skip_validation")


def install(provision: Provision) -> None:
    """Lays out the checkpoint folder and replaces the downloads of ``torch.hub``."""
    home = tempfile.mkdtemp(prefix="torch-")
    checkpoints = os.path.join(home, "hub", "checkpoints")
    os.makedirs(checkpoints)
    for offer, _ in provision.files:
        if offer.kind == "weights":
            os.symlink(offer.path, os.path.join(checkpoints, os.path.basename(offer.path)))
    os.environ["TORCH_HOME"] = home
    when_imported("torch.hub", lambda module: _patch_hub(provision, module))


def _patch_hub(provision: Provision, hub: ModuleType) -> None:
    def make_download(original: Any) -> Any:
        def download(url: str, dst: Any, hash_prefix: str | None = None, progress: bool = True) -> None:
            offer = provision.at_address(url)
            if offer is None:
                original(url, dst, hash_prefix, progress)
                return
            provision.note_offer(offer, url)
            shutil.copyfile(offer.path, dst)

        return download

    def make_load(original: Any) -> Any:
        def load(repo_or_dir: Any, model: str, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("source", "github") != "github" or not _is_torchvision(repo_or_dir):
                return original(repo_or_dir, model, *args, **kwargs)
            import torchvision

            options = {key: value for key, value in kwargs.items() if key not in _HUB_OPTIONS}
            entry = getattr(torchvision.models, model, None)
            if entry is None:
                raise RuntimeError(f"Cannot find callable {model} in hubconf")
            return entry(*args, **options)

        return load

    def make_list(original: Any) -> Any:
        def listed(github: Any, *args: Any, **kwargs: Any) -> Any:
            if not _is_torchvision(github):
                return original(github, *args, **kwargs)
            import torchvision

            return torchvision.models.list_models()

        return listed

    replace(hub, "download_url_to_file", make_download)
    replace(hub, "load", make_load)
    replace(hub, "list", make_list)


def _is_torchvision(repository: Any) -> bool:
    return isinstance(repository, str) and repository.lower().partition(":")[0].strip("/") == "pytorch/vision"
