"""What is imported is known by what it is called."""

import pytest

from phonograph.collections.asr.foreign import read_foreign, source_fault
from phonograph.errors import BundleError


@pytest.mark.parametrize("source", ["hama", "torchaudio:X", "a/b.nemo", "no.nemo", "."])
def test_sources_are_known_without_opening_them(source):
    assert source_fault(source) is None


@pytest.mark.parametrize("source", ["hana", "model.ckpt", "a/b", ""])
def test_other_words_are_refused(source):
    reason = source_fault(source)
    assert reason is not None
    assert reason.startswith(f"`{source}` is not known")


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "x.ckpt"
    path.touch()
    told = f"`{path}` is neither a .nemo file nor a folder"
    assert source_fault(str(path)) == told
    with pytest.raises(ValueError, match="is neither a"):
        read_foreign(str(path))


def test_a_missing_checkpoint_is_told_by_its_reader(tmp_path):
    with pytest.raises(BundleError, match="No such file"):
        read_foreign(str(tmp_path / "x.nemo"))
