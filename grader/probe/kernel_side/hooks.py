"""Puts the recorder's hooks into torch: modules, losses, gradients, optimizers, loaders."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import nn
from torch.nn.modules.loss import _Loss
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, dataloader

from .recorder import Recorder

LOSSES = (
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "kl_div",
    "soft_margin_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "hinge_embedding_loss",
    "poisson_nll_loss",
    "gaussian_nll_loss",
)


def install(recorder: Recorder) -> None:
    """Puts the recorder's hooks into torch."""
    _install_modules(recorder)
    _install_losses(recorder)
    _install_optimizers(recorder)
    _install_loaders(recorder)


def _install_modules(recorder: Recorder) -> None:
    original = nn.Module.__call__

    def called(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if recorder.depth and self._compiled_call_impl is None:
            # What the original does, without its frame: parts of a network are called very often.
            return self._call_impl(*args, **kwargs)  # type: ignore[no-untyped-call]
        if recorder.depth or not recorder.enabled or isinstance(self, _Loss) or not _has_parameters(recorder, self):
            return original(self, *args, **kwargs)
        return recorder.root_call(original, self, args, kwargs)

    nn.Module.__call__ = called  # type: ignore[method-assign]
    for kind in ("forward", "full_backward"):
        _install_hook_watch(recorder, kind)


def _install_hook_watch(recorder: Recorder, kind: str) -> None:
    name = f"register_{kind}_hook"
    original = getattr(nn.Module, name)

    @functools.wraps(original)
    def register(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        handle = original(self, *args, **kwargs)
        if recorder.enabled and len(recorder.hooks) < 200:
            recorder.hooks.append(
                {"module": self, "kind": "backward" if "backward" in kind else "forward", "handle": handle}
            )
        return handle

    setattr(nn.Module, name, register)


def _has_parameters(recorder: Recorder, module: nn.Module) -> bool:
    if not module._parameters and not module._modules:  # transforms of images are modules, too
        return False
    return bool(recorder.anatomies.of(module).parameters)


def _install_losses(recorder: Recorder) -> None:
    for name in LOSSES:
        original = getattr(torch.nn.functional, name)

        def wrapped(*args: Any, _original: Any = original, _name: str = name, **kwargs: Any) -> Any:
            return recorder.loss(_name, _original, args, kwargs)

        setattr(torch.nn.functional, name, functools.wraps(original)(wrapped))
    backward = torch.autograd.backward

    @functools.wraps(backward)
    def noted(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        if recorder.enabled:
            recorder.backward(tensors)
        return backward(tensors, *args, **kwargs)

    torch.autograd.backward = noted


def _install_optimizers(recorder: Recorder) -> None:
    base = torch.optim.Optimizer
    begin, zero, module_zero = base.__init__, base.zero_grad, nn.Module.zero_grad

    @functools.wraps(begin)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        recorder.optimizers.append(self)

    @functools.wraps(zero)
    def zeroed(self: Any, *args: Any, **kwargs: Any) -> None:
        recorder.emit("zero", optimizer=recorder.session.number(self))
        zero(self, *args, **kwargs)

    @functools.wraps(module_zero)
    def module_zeroed(self: Any, *args: Any, **kwargs: Any) -> None:
        recorder.emit("zero", module=recorder.session.number(self))
        module_zero(self, *args, **kwargs)

    base.__init__, base.zero_grad = made, zeroed  # type: ignore[method-assign]
    nn.Module.zero_grad = module_zeroed  # type: ignore[method-assign]

    def before_step(optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if recorder.enabled:
            recorder.step(optimizer)

    register_optimizer_step_pre_hook(before_step)


def _install_loaders(recorder: Recorder) -> None:
    begin, iterate = DataLoader.__init__, DataLoader.__iter__
    following = dataloader._BaseDataLoaderIter.__next__

    @functools.wraps(begin)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        recorder.loaders.append(self)

    @functools.wraps(iterate)
    def iterated(self: Any) -> Any:
        iterator = iterate(self)
        if recorder.enabled:
            recorder.iterate(self)
            iterator._grader_loader = self  # type: ignore[attr-defined]
            iterator._grader_loop = recorder.budget.loop_over(self)  # type: ignore[attr-defined]
            iterator._grader_batches = 0  # type: ignore[attr-defined]
        return iterator

    @functools.wraps(following)
    def fetched(self: Any) -> Any:
        loader = getattr(self, "_grader_loader", None)
        if loader is None or not recorder.enabled:
            return following(self)
        if recorder.budget.spent(self._grader_loop, self._grader_batches):
            recorder.end_of_pass(loader, short=True)
            raise StopIteration
        try:
            data = following(self)
        except StopIteration:
            recorder.budget.finished(self._grader_loop)
            recorder.end_of_pass(loader)
            raise
        self._grader_batches += 1
        recorder.batch(loader, data)
        return data

    DataLoader.__init__, DataLoader.__iter__ = made, iterated  # type: ignore[method-assign]
    dataloader._BaseDataLoaderIter.__next__ = fetched  # type: ignore[method-assign]
