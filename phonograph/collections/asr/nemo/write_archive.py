"""Write a `.nemo` file: a tar of configuration, weights and tokenizer files."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from phonograph.collections.asr.nemo.archive import CONFIGURATION, WEIGHTS


def write_archive(
    path: Path,
    settings: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    files: Mapping[str, bytes],
) -> None:
    """Write a checkpoint as NeMo does.

    Args:
        path: where it goes.
        settings: the configuration as plain data.
        tensors: the weights by NeMo's names.
        files: other files by the names that the configuration has for them.
    """
    text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    weights = io.BytesIO()
    own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    torch.save(OrderedDict(own), weights)
    members = {**files, CONFIGURATION: text.encode(), WEIGHTS: weights.getvalue()}
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(content))


def artifact(name: str, content: bytes) -> str:
    """Return what a file is called inside of a checkpoint.

    >>> artifact("vocab.txt", b"a")
    '0cc175b9c0f1b6a831c399e269772661_vocab.txt'
    """
    return f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}_{name}"
