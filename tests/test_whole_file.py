import stat

import pytest

from phonograph.whole_file import write_whole


def test_a_file_is_replaced_whole(tmp_path):
    write_whole(tmp_path / "a.txt", "one")
    write_whole(tmp_path / "a.txt", "zwei ü")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "zwei ü"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_others_may_read_it_as_any_file_of_the_user(tmp_path):
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "a.txt", "one")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "a.txt")}
    assert len(modes) == 1


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "a.txt", "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_named_as_it_was_asked_for(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", f"{tmp_path}/.a.txt-x1y2")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    with pytest.raises(PermissionError) as caught:
        write_whole(tmp_path / "a.txt", "one")
    assert caught.value.filename == str(tmp_path / "a.txt")
