"""The short-time power spectrum of padded batches, each utterance padded at its own ends."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.masks import valid_mask


def pad_ends(
    audio: Tensor, lengths: Tensor, *, before: int, after: int, padding: Literal["reflect", "zero"]
) -> Tensor:
    """Lengthen every utterance at its own two ends.

    Args:
        audio: [B, S] samples, each utterance at least one sample long.
        lengths: [B] valid samples.
        before: samples to add before the start.
        after: samples to add after the end.
        padding: `reflect` mirrors the audio without repeating its end sample (an utterance too
            short for that repeats its first or last one), `zero` adds silence.

    Returns:
        [B, before + S + after] samples, zero beyond each lengthened utterance.

    >>> audio = torch.tensor([[1.0, 2.0, 3.0, 9.0]])
    >>> pad_ends(audio, torch.tensor([3]), before=1, after=2, padding="reflect")
    tensor([[2., 1., 2., 3., 2., 1., 0.]])
    """
    audio = audio.masked_fill(~valid_mask(lengths, audio.shape[1]), 0.0)
    if padding == "zero":
        return functional.pad(audio, (before, after))
    last = (lengths - 1).unsqueeze(1)
    head_at = torch.arange(before, 0, -1, device=audio.device).unsqueeze(0)
    tail_at = last - 1 - torch.arange(after, device=audio.device)
    head = audio.gather(1, torch.minimum(head_at, last).clamp(min=0))
    tail = audio.gather(1, tail_at.clamp(min=0))
    longer = torch.cat([head, functional.pad(audio, (0, after))], 1)
    beyond = lengths.unsqueeze(1) + torch.arange(before, before + after, device=audio.device)
    return longer.scatter(1, beyond, tail)


def power_spectrum(padded: Tensor, window: Tensor, *, hop: int, n_fft: int) -> Tensor:
    """Take the squared magnitude of the Fourier transform of every windowed frame.

    Args:
        padded: [B, S] samples.
        window: [W] weights, W at most `n_fft`.
        hop: samples between the starts of two frames, at least 1.
        n_fft: points of the transform; frames are padded with zeros to it.

    Returns:
        [B, T, n_fft/2 + 1] with T = floor((S - W) / hop) + 1.
    """
    frames = padded.unfold(1, window.shape[0], hop) * window
    spectrum = torch.fft.rfft(frames, n=n_fft)
    return spectrum.real.square() + spectrum.imag.square()


def fourier_kernels(window: Tensor) -> Tensor:
    """Write the Fourier transform of a windowed frame as weighted sums of its samples.

    Args:
        window: [W] weights.

    Returns:
        [2 * bins, W] with bins = floor(W / 2) + 1: the weights of all real parts, then those of all
        imaginary parts; made on the window's device, exact before they are rounded to its dtype.

    >>> fourier_kernels(torch.ones(2))[:2]
    tensor([[ 1.,  1.],
            [ 1., -1.]])
    """
    unit = torch.eye(window.shape[0], dtype=torch.float64, device=window.device)
    spectrum = torch.fft.rfft(unit * window.double()).T
    return torch.cat([spectrum.real, spectrum.imag]).to(window.dtype)


def kernel_power(padded: Tensor, kernels: Tensor, *, hop: int) -> Tensor:
    """Take the squared magnitude of every frame's spectrum, whose parts are given as kernels.

    Args:
        padded: [B, S] samples.
        kernels: [2 * bins, W], real parts first, as `fourier_kernels` gives them.
        hop: samples between the starts of two frames, at least 1.

    Returns:
        [B, T, bins] with T = floor((S - W) / hop) + 1.
    """
    if padded.is_cuda:  # convolutions there use TF32, whose 10 digits lose the quiet bands
        parts = kernels @ padded.unfold(1, kernels.shape[1], hop).transpose(1, 2)
    else:
        parts = functional.conv1d(padded.unsqueeze(1), kernels.unsqueeze(1), stride=hop)
    real, imaginary = parts.chunk(2, dim=1)
    return (real.square() + imaginary.square()).transpose(1, 2)
