from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.project import Project


def test_every_frame_is_mapped_by_itself():
    project, frames = Project(4, width=6), torch.randn(2, 4, 7)
    mapped = project(frames)
    for t in range(7):
        torch.testing.assert_close(project.linear(frames[:, :, t]), mapped[:, :, t])


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError, match=re.escape("`width` must be at least 1, not 0")):
        Project(4, width=0)
