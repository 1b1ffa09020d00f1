import stat

import pytest
from phonograph.cli.whole_file import write_whole


def test_a_file_is_replaced_whole(here):
    write_whole(here / "a.txt", "one")
    write_whole(here / "a.txt", "zwei ü")
    assert (here / "a.txt").read_text(encoding="utf-8") == "zwei ü"
    assert list(here.iterdir()) == [here / "a.txt"]


def test_others_may_read_it_as_any_file_of_the_user(here):
    (here / "plain").touch()
    write_whole(here / "a.txt", "one")
    modes = {stat.S_IMODE((here / name).stat().st_mode) for name in ("plain", "a.txt")}
    assert len(modes) == 1


def test_what_cannot_be_written_leaves_nothing(here):
    with pytest.raises(UnicodeEncodeError):
        write_whole(here / "a.txt", "\ud800")
    assert list(here.iterdir()) == []


def test_what_cannot_be_written_is_named_as_it_was_asked_for(here, monkeypatch):
    def refused(**_: object):
        raise PermissionError(13, "Permission denied", f"{here}/.a.txt-x1y2")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    with pytest.raises(PermissionError) as raised:
        write_whole(here / "a.txt", "one")
    assert raised.value.filename == str(here / "a.txt")
