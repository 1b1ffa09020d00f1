"""Graphs of any number of modules, of the mixture that real ones have: chains, branches, heads."""

from __future__ import annotations

from collections.abc import Iterator

CHAIN = 12  # modules between a front end and its heads
TREE = "asr.weighted_loss"


def large_graph(modules: int) -> str:
    """Return the YAML of a graph with about as many modules, all of them tiny.

    Towers of a front end, encoders, heads, losses and a decoder stand side by side over one data
    layer; a quarter of the modules is a single long chain. Half of the sizes are written down, the
    others are solved or stay at their defaults; one tower in four ends in two heads. The losses are
    added up in a tree.

    >>> text = large_graph(100)
    >>> 90 <= sum(": {module:" in line for line in text.splitlines()) <= 110
    True
    """
    lines = [
        "phonograph: 1",
        f"name: large{modules}",
        "modules:",
        "  data: {module: asr.manifest, with: {train: a.jsonl, validation: b.jsonl, "
        'sample_rate: 16000, tokenizer: {type: characters, alphabet: "abc"}}}',
    ]
    long = modules // 4
    losses: list[str] = []
    lines += _tower(0, long, losses)
    tower, room = 0, modules - long - 8
    while room > CHAIN + 8:
        tower += 1
        new = list(_tower(tower, CHAIN, losses))
        lines += new
        room -= len(new) + 1
    towers = tower + 1
    while len(losses) > 1:
        first, second, *losses = losses
        name = f"sum{len(lines)}"
        lines.append(f"  {name}: {{module: {TREE}, from: {{first: {first}, second: {second}}}}}")
        losses.append(f"{name}.loss")
    return "\n".join([*lines, *_views(losses[0], towers)]) + "\n"


def _tower(number: int, chain: int, losses: list[str]) -> Iterator[str]:
    t = f"t{number}"
    yield f"  {t}mel: {{module: asr.log_mel, from: data.audio, with: {{n_mels: 8}}}}"
    yield f"  {t}aug: {{module: asr.spec_augment, from: {t}mel.features, only: train}}"
    source = f"{t}aug.features"
    for place in range(chain):
        name = f"{t}e{place}"
        yield f"  {name}: {_encoder(place, source)}"
        source = f"{name}.encoded"
    heads = 2 if number % 4 == 1 else 1
    for head in range(heads):
        h = f"{t}h{head}"
        yield f"  {h}: {{module: asr.ctc_head, from: {source}}}"
        yield (
            f"  {h}l: {{module: asr.ctc_loss, from: "
            f"{{log_probs: {h}.log_probs, targets: data.tokens}}}}"
        )
        losses.append(f"{h}l.loss")
    yield f"  {t}text: {{module: asr.ctc_greedy, from: {t}h0.log_probs}}"


def _encoder(place: int, source: str) -> str:
    match place % 6:
        case 0:
            size, module = ", with: {d_model: 4, layers: 1}", "asr.dense"
        case 1:
            size, module = ", with: {blocks: [{filters: 8, kernel: 3}]}", "asr.conv_encoder"
        case 2:
            size, module = "", "asr.row_conv"
        case 3:
            size, module = ", with: {d_model: 4}", "asr.recurrent"
        case 4:
            size, module = ", with: {layers: 1}", "asr.dense"
        case _:
            size, module = ", with: {d_model: 6, layers: 1}", "asr.dense"
    if place == 1:
        size = ", with: {blocks: [{filters: 8, kernel: 3, stride: 2}]}"
    return f"{{module: {module}, from: {source}{size}}}"


def _views(loss: str, towers: int) -> list[str]:
    chosen = sorted({tower * (towers - 1) // 7 for tower in range(8)})
    return [
        "views:",
        f"  train: {{run: [{loss}]}}",
        f"  validate: {{run: [{loss}], score: {{wer: [t0text.text, data.text]}}}}",
        *(f"  infer{t}: {{feed: [data.audio], run: [t{t}text.text]}}" for t in chosen),
    ]


def with_faults(text: str, faults: int) -> str:
    """Return a graph of `large_graph` with as many faults, of nine kinds, in different towers.

    >>> len(with_faults(large_graph(300), 9).splitlines()) == len(large_graph(300).splitlines())
    True
    """
    lines = text.splitlines()
    places = [at for at, line in enumerate(lines) if any(old in line for old, _ in _FAULTS)]
    made = 0
    for at in places[:: max(1, len(places) // (faults + 1))]:
        for shift in range(len(_FAULTS)):
            old, new = _FAULTS[(made + shift) % len(_FAULTS)]
            if old in lines[at] and made < faults:
                lines[at] = lines[at].replace(old, new, 1)
                made += 1
                break
    return "\n".join(lines) + "\n"


_FAULTS = [
    ("asr.row_conv", "asr.rowconv"),
    ("d_model: 6", "d_modl: 6"),
    ("from: t", "from: tt"),
    ("d_model: 4}", "d_model: 4, feat_in: 5}"),
    (".log_probs}", ".log_prob}"),
    ("targets: data.tokens", "targets: data.text"),
    ("log_probs: t", "log_prob: t"),
    ("n_mels: 8", 'n_mels: "8"'),
    ("kernel: 3", "kernel: 0"),
]
