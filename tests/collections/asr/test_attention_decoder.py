"""The speller scores a transcript exactly as it would step by step."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.attention_decoder import AttentionDecoder
from phonograph.collections.asr.attention_loss import AttentionLoss
from phonograph.modules.location_attention import AttentionSettings


def speller(**options):
    return AttentionDecoder(6, 3, d_model=5, **options).eval()


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.integers(0, 5),
    st.integers(1, 2),
    st.sampled_from([0, 4]),
)
def test_a_whole_transcript_equals_its_steps(frames, tokens, layers, filters):
    decoder = speller(layers=layers, attention=AttentionSettings(4, filters, 3))
    encoded, lengths = torch.randn(len(frames), 6, 10), torch.tensor(frames)
    targets = torch.randint(0, 3, (len(frames), tokens))
    whole = decoder(encoded, lengths, targets, torch.full_like(lengths, tokens))
    memory = decoder.remember(encoded, lengths)
    state, last = decoder.start(memory), torch.full_like(lengths, decoder.end)
    for place in range(tokens + 1):
        scores, state = decoder.step(last, state, memory)
        torch.testing.assert_close(scores, whole[:, place])
        last = targets[:, place] if place < tokens else last


def test_a_score_knows_nothing_of_later_tokens():
    decoder, encoded, lengths = speller(), torch.randn(1, 6, 8), torch.tensor([8])
    first, second = torch.tensor([[0, 1, 2, 0]]), torch.tensor([[0, 1, 1, 2]])
    count = torch.tensor([4])
    one, other = decoder(encoded, lengths, first, count), decoder(encoded, lengths, second, count)
    assert torch.equal(one[:, :3], other[:, :3])
    assert not torch.allclose(one[:, 3], other[:, 3])


def test_numbers_in_the_padding_need_not_be_tokens():
    decoder, encoded, lengths = speller(), torch.randn(1, 6, 8), torch.tensor([8])
    targets = torch.tensor([[0, 1, -1, 99]])
    short = decoder(encoded, lengths, targets[:, :2], torch.tensor([2]))
    long = decoder(encoded, lengths, targets, torch.tensor([2]))
    torch.testing.assert_close(long[:, :3], short)


def test_noise_swaps_tokens_while_training_and_never_otherwise():
    decoder = speller(noise=0.5)
    encoded, lengths = torch.randn(64, 6, 8), torch.full((64,), 8)
    targets, counts = torch.zeros(64, 4).long(), torch.full((64,), 4)
    clean = decoder(encoded, lengths, targets, counts)
    assert torch.equal(clean, decoder(encoded, lengths, targets, counts))
    noisy = decoder.train()(encoded, lengths, targets, counts)
    torch.testing.assert_close(noisy[:, 0], clean[:, 0])  # nothing stands before the first token
    same = (noisy[:, 1] - clean[:, 1]).abs().amax(1) < 1e-6
    assert 0.5 < same.float().mean() < 0.85  # half are swapped, a third of those for themselves


def test_it_learns_to_copy_what_it_hears():
    torch.manual_seed(3)
    decoder = AttentionDecoder(4, 3, d_model=24, layers=1, attention=AttentionSettings(16, 4, 5))
    loss_of = AttentionLoss(3)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.01)
    targets = torch.randint(0, 3, (32, 5))
    encoded = torch.nn.functional.one_hot(targets, 4).float().repeat_interleave(2, 1).mT
    frames, counts = torch.full((32,), 10), torch.full((32,), 5)
    for _ in range(120):
        optimizer.zero_grad()
        loss = loss_of(decoder(encoded, frames, targets, counts), targets, counts)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    said = decoder(encoded, frames, targets, counts).argmax(2)
    assert torch.equal(said[:, :5], targets)
    assert (said[:, 5] == decoder.end).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        speller(layers=0)
    with pytest.raises(ValueError, match=r"^`dropout` must be at least 0 and below 1, not 1.0$"):
        speller(dropout=1.0)
    with pytest.raises(ValueError, match=r"^`noise` must be at least 0 and below 1, not -0.1$"):
        speller(noise=-0.1)
