"""``torchvision.datasets.SVHN`` finds the provided archives under any root."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from .patching import replace, when_imported
from .provision import Provision


def install(provision: Provision) -> None:
    """Replaces what looks for archives, when torchvision is imported."""
    when_imported("torchvision.datasets.utils", lambda module: _patch_integrity(provision, module))
    when_imported("torchvision.datasets.svhn", lambda module: _patch_svhn(provision, module))


def _patch_integrity(provision: Provision, module: ModuleType) -> None:
    """A copy of a stand-in counts as whole, though its checksum is not that of the original."""

    def make(original: Any) -> Any:
        def check_integrity(fpath: Any, md5: str | None = None) -> bool:
            return bool(original(fpath, md5)) or (os.path.isfile(fpath) and provision.is_offer(str(fpath)) is not None)

        return check_integrity

    replace(module, "check_integrity", make)


def _patch_svhn(provision: Provision, module: ModuleType) -> None:
    svhn = module.SVHN
    begin, look = svhn.__init__, svhn._check_integrity

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        self._grader_download = bool(kwargs.get("download", args[4] if len(args) > 4 else False))
        begin(self, *args, **kwargs)
        self.filename = os.path.basename(self.filename)

    def check(self: Any) -> bool:
        offer, place = provision.named_like(self.filename), os.path.join(self.root, self.filename)
        there = os.path.isfile(place)
        whole = there and (bool(look(self)) or provision.is_offer(place) is not None)
        if whole or offer is None or (there and not os.path.islink(place)):
            return whole
        # a link that an earlier grading left outside of the notebook's folder leads to other archives
        provision.note_offer(offer, place)
        self.filename = offer.path  # an absolute path wins over the root that it is joined to
        return True

    def download(self: Any) -> None:
        offer = provision.named_like(self.filename)
        if offer is None:
            fetch(self)
            return
        place = os.path.join(self.root, self.filename)
        try:
            os.makedirs(self.root, exist_ok=True)
            if not os.path.exists(place):
                os.symlink(offer.path, place)
        except OSError:
            return  # a root of the student's own machine; ``_check_integrity`` finds the archive all the same
        provision.note_offer(offer, place)

    fetch = svhn.download
    replace(svhn, "__init__", lambda original: init)
    replace(svhn, "_check_integrity", lambda original: check)
    replace(svhn, "download", lambda original: download)
