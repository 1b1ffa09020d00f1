"""What training writes down."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

_EVERY = "train.trainer={max_epochs: 4, log_every_n_steps: 1, accelerator: cpu}"


def _events(folder):
    found = EventAccumulator(str(folder / "run" / "tensorboard"), {"tensors": 0, "audio": 0})
    found.Reload()
    return found


def test_tensorboard_shows_scores_and_what_was_heard(train, folder):
    train(_EVERY)
    found = _events(folder)
    tags = found.Tags()
    assert {"train/loss", "train/lr", "validation/wer", "validation/loss"} <= set(tags["scalars"])
    texts = found.Tensors("heard/1/text_summary")
    assert len(texts) == len(found.Scalars("validation/wer"))
    shown = texts[0].tensor_proto.string_val[0].decode()
    assert "validation0" in shown
    assert "said:" in shown


def test_the_sound_of_each_sample_is_kept_once(train, folder):
    train(_EVERY)
    found = _events(folder)
    assert found.Tags()["audio"] == ["heard/1", "heard/2"]
    assert len(found.Audio("heard/1")) == 1
