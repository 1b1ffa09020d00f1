"""Which words are taken for which."""

from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.confusions import confusions_of
from phonograph.collections.asr.word_errors import align_words, count

_TEXTS = st.lists(st.sampled_from("abc"), max_size=6).map(" ".join)


@given(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=5))
def test_all_edits_are_counted_once(pairs):
    edits = [align_words(*pair) for pair in pairs]
    found = confusions_of(edits, 1000)
    counts = [count(one) for one in edits]
    for kind in ("substitutions", "deletions", "insertions"):
        total = sum(getattr(one, kind) for one in counts)
        assert sum(times for _, times in getattr(found, kind)) == total


def test_the_commonest_come_first():
    edits = [align_words("a b c", "a d"), align_words("c", "x"), align_words("c", "x")]
    assert confusions_of(edits, 1).to_json() == {
        "substitutions": [{"reference": "c", "hypothesis": "x", "count": 2}],
        "deletions": [{"reference": "c", "count": 1}],
        "insertions": [],
    }
