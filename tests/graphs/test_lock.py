import json

from phonograph.graphs.check import check_document
from phonograph.graphs.lock import fingerprint, read_lock, to_lock


def test_a_lock_loads_back_to_the_same_lock(tiny, registry):
    lock = json.loads(json.dumps(to_lock(tiny())))
    checked = check_document(read_lock(lock, "lock"), registry)
    assert checked.graph is not None
    assert to_lock(checked.graph) == lock


def test_what_is_solved_and_what_is_written_lock_alike(tiny):
    solved = to_lock(tiny())
    written = to_lock(tiny("modules.head.with.feat_in=8", "modules.loss.with.vocab=3"))
    assert fingerprint(solved) == fingerprint(written)


def test_another_meaning_has_another_fingerprint(tiny):
    assert fingerprint(to_lock(tiny())) != fingerprint(to_lock(tiny("modules.mel.with.hop=0.02")))


def test_a_lock_holds_no_paths(tiny, tmp_path):
    assert str(tmp_path) not in json.dumps(to_lock(tiny()))
