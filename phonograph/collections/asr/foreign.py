"""Models of others: which reader reads what."""

from __future__ import annotations

from pathlib import Path

from phonograph.collections.asr.foreign_model import Foreign
from phonograph.errors import nearest

HAMA = "hama"
TORCHAUDIO = "torchaudio:"
NEMO_SUFFIX = ".nemo"


def source_fault(source: str) -> str | None:
    """Say why a text names nothing that can be imported, or nothing; no file is opened.

    >>> source_fault("model.nemo"), source_fault("hana")
    (None, '`hana` is not known; did you mean `hama`?')
    """
    path = Path(source)
    named = source == HAMA or source.startswith(TORCHAUDIO) or path.suffix == NEMO_SUFFIX
    if named or (source and path.is_dir()):
        return None
    if path.is_file():
        return f"`{source}` is neither a {NEMO_SUFFIX} file nor a folder"
    return f"`{source}` is not known; {nearest(source, [HAMA, f'FILE{NEMO_SUFFIX}', 'a folder'])}"


def read_foreign(source: str) -> Foreign:
    """Read a model of others, whatever it is.

    Args:
        source: `hama`, `torchaudio:NAME`, a `.nemo` file, or a folder of Hugging Face's.

    Raises:
        ValueError: it is none of them.
        MissingExtraError: a package that carries the model is not installed.
        GraphError: its configuration is no plain YAML.
        BundleError: it cannot be read, or is not supported.
    """
    if reason := source_fault(source):
        raise ValueError(reason)
    if source == HAMA:
        from phonograph.collections.asr.import_hama import read_hama

        return Foreign(*read_hama())
    if source.startswith(TORCHAUDIO):
        from phonograph.collections.asr.import_torchaudio import read_torchaudio

        return Foreign(*read_torchaudio(source.removeprefix(TORCHAUDIO)))
    path = Path(source)
    if path.is_dir():
        from phonograph.collections.asr.hugging_face.reader import read_hugging_face

        return Foreign(*read_hugging_face(path))
    from phonograph.collections.asr.nemo.import_nemo import read_nemo

    return read_nemo(path)
