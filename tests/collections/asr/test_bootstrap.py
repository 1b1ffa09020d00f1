"""How sure an error rate is."""

import numpy as np
import pytest

from phonograph.collections.asr.bootstrap import bootstrap, bootstrap_speakers


def test_the_interval_holds_the_rate_and_is_the_same_every_time():
    random = np.random.default_rng(1)
    words = random.integers(1, 20, 300)
    errors = random.binomial(words, 0.1)
    found = bootstrap(errors.tolist(), words.tolist())
    assert found.low < errors.sum() / words.sum() < found.high
    assert bootstrap(errors.tolist(), words.tolist()) == found


def test_the_interval_is_as_wide_as_theory_says():
    random = np.random.default_rng(2)
    errors = random.binomial(1, 0.2, 1000)
    rate = errors.mean()
    found = bootstrap(errors.tolist(), [1] * 1000)
    wanted = 2 * 1.96 * np.sqrt(rate * (1 - rate) / 1000)
    assert found.high - found.low == pytest.approx(wanted, rel=0.1)


def test_speakers_that_differ_widen_the_interval():
    errors = [0] * 100 + [1] * 100
    speakers = [str(number // 20) for number in range(200)]
    over = bootstrap_speakers(errors, [4] * 200, speakers)
    assert over is not None
    assert over.over == "speakers"
    alone = bootstrap(errors, [4] * 200)
    assert over.high - over.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("speakers", [list("abcd") * 2, ["", *"abcdefg"]])
def test_few_or_unknown_speakers_say_nothing(speakers):
    assert bootstrap_speakers([1] * 8, [2] * 8, speakers) is None
