"""The registry knows ids before it imports anything."""

import subprocess
import sys

import pytest

from phonograph.types.registry import Registry, register


def test_modules_are_imported_on_use_only():
    code = (
        "import sys; from phonograph.collections import default_registry as registry;"
        "table = registry().table;"
        "files = {path.partition(':')[0] for path in table.values()};"
        "assert table and not files & set(sys.modules), files & set(sys.modules);"
        "assert 'torch' not in sys.modules;"
        "registry().load('asr.ctc_head');"
        "assert files & set(sys.modules) == {'phonograph.collections.asr.ctc_head'}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_id_is_a_key_error():
    with pytest.raises(KeyError):
        Registry({}).load("asr.none")


def test_ids_are_sorted_and_known():
    registry = Registry({"b.y": "m:Y", "a.x": "m:X"})
    assert registry.ids == ["a.x", "b.y"]
    assert "a.x" in registry
    assert "a.z" not in registry


def test_registering_changes_nothing_but_the_class():
    before = dict(vars(sys.modules["phonograph.types.registry"]))

    @register("toy.one", version=2, random=True)
    class One:
        pass

    assert dict(vars(sys.modules["phonograph.types.registry"])) == before
    assert One.__name__ == "One"
