"""A transducer's prediction network: a recurrent model of what was said so far."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.types.kinds import Encoded, Lengths, Network, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register

State = tuple[Tensor, ...]


@register("asr.predictor", version=1)
class Predictor(nn.Module):
    """Read tokens with an LSTM (Graves 2012, arXiv 1211.3711, sec. 2.1).

    The first output belongs to the empty prefix, the next to the first token, and so on.

    Args:
        vocab: number of tokens, at least 1; solved from the tokenizer when left out.
        d_model: width of the embedding, the cells and the result, at least 1.
        layers: number of LSTM layers, at least 1.
        dropout: probability in [0, 1) of zeroing a value behind each layer.

    Raises:
        ValueError: a number is out of range.

    >>> predictor = Predictor(vocab=3, d_model=8)
    >>> predictor(torch.tensor([[0, 2], [1, 0]]), torch.tensor([2, 1])).shape
    torch.Size([2, 8, 3])
    """

    exports = "PyTorch unrolls recurrent cells over time on export, which fixes the length"

    def __init__(
        self, vocab: int, *, d_model: int = 320, layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        check_at_least(1, vocab=vocab, d_model=d_model, layers=layers)
        check_dropout(dropout)
        self.blank = vocab
        self.embedding = nn.Embedding(vocab + 1, d_model, padding_idx=vocab)
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(d_model, d_model, layers, dropout=between)
        self.dropout = Dropout(dropout)
        _remember_at_first(self.lstm)

    @ports(
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={
            "predicted": Encoded("B d_model U+1"),
            "network": Network(role="prediction", predicted="d_model"),
        },
    )
    def forward(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Read whole transcripts.

        Args:
            targets: [B, U] token numbers; what lies past a transcript's end does not matter.
            target_lengths: [B] valid tokens.

        Returns:
            [B, d_model, U+1]; beyond a transcript's length + 1 it holds no meaning.
        """
        valid = valid_mask(target_lengths, targets.shape[1])
        embedded_bud = self.embedding(targets.masked_fill(~valid, self.blank))
        # Before the first token stands the blank, whose embedding is zero.
        steps_ubd = pad(embedded_bud.transpose(0, 1), (0, 0, 0, 0, 1, 0))
        return self.dropout(self.lstm(steps_ubd)[0]).permute(1, 2, 0)

    def start(self, batch: int) -> tuple[Tensor, State]:
        """Return what is predicted before any token [batch, d_model], and the state after it."""
        weight = self.embedding.weight
        nothing = weight.new_zeros(batch, self.lstm.num_layers, self.lstm.hidden_size)
        return self._read(nothing[:, 0], (nothing, nothing))

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token of each utterance.

        Args:
            tokens: [B] token numbers.
            state: what `start` or the last step gave.

        Returns:
            [B, d_model] what is predicted then, and the new state, whose tensors have B first.
        """
        return self._read(self.embedding(tokens), state)

    def _read(self, value_bd: Tensor, state: State) -> tuple[Tensor, State]:
        # One cell at a time: for a single step nn.LSTM spends most of its time laying out weights.
        hidden, cells = (part.unbind(1) for part in state)
        after: list[tuple[Tensor, Tensor]] = []
        for layer, weights in enumerate(self.lstm.all_weights):
            after.append(torch.lstm_cell(value_bd, (hidden[layer], cells[layer]), *weights))
            value_bd = self.dropout(after[-1][0])
        new_hidden, new_cells = zip(*after, strict=True)
        return value_bd, (torch.stack(new_hidden, 1), torch.stack(new_cells, 1))


@torch.no_grad()
def _remember_at_first(lstm: nn.LSTM) -> None:
    """Open the forget gates, which Jozefowicz et al. 2015 found best to begin with."""
    width = lstm.hidden_size
    for layer in range(lstm.num_layers):
        getattr(lstm, f"bias_ih_l{layer}")[width : 2 * width].fill_(1)
        getattr(lstm, f"bias_hh_l{layer}")[width : 2 * width].fill_(0)
