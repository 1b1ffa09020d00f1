"""Several processes train one graph."""

import json
import os
import signal
import time
from collections import Counter
from multiprocessing import active_children
from threading import Thread

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.errors import DataError, PhonographError
from phonograph.graphs.bundle import read_bundle
from phonograph.graphs.check import load_graph
from phonograph.training.fit import fit
from phonograph.training.heartbeat import read_beats
from phonograph.types.registry import Registry

TRAINER = "max_epochs: 2, check_val_every_n_epoch: 2, accelerator: cpu"
TOGETHER = f"train.trainer={{{TRAINER}, devices: 2, strategy: ddp}}"
ALONE = f"train.trainer={{{TRAINER}, devices: 1, accumulate_grad_batches: 2}}"
COMMON = (
    "modules.encoder.with.block.dropout=0",
    "modules.data.with.batch_seconds=1.2",
    "train.optimizer={name: sgd, lr: 0.05}",
)

WITNESS = '''
import json, os
from pathlib import Path
from torch import nn
from phonograph.types.kinds import Id, Lengths, LogProbs, Text
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("test.witness", version=1)
class Witness(nn.Module):
    """Write down which process saw what."""

    def __init__(self, vocab: int, *, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)

    @ports(
        id=Id("B"),
        log_probs=LogProbs("B T vocab+1", blank="last"),
        lengths=Lengths("B", of="T"),
        out={"seen": Text("B")},
    )
    def forward(self, id, log_probs, lengths):
        rank = os.environ.get("LOCAL_RANK", "alone")
        total = float(log_probs.detach().double().sum())
        line = {"ids": id, "training": self.training, "sum": total}
        with (self.folder / f"seen-{rank}.jsonl").open("a") as stream:
            stream.write(json.dumps(line) + "\\n")
        return list(id)
'''


@pytest.fixture
def witnessed(folder, frozen, monkeypatch):
    """Train with a node that writes down what each process sees."""
    (folder / "witness_of_processes.py").write_text(WITNESS, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    registry = Registry(
        {**default_registry().table, "test.witness": "witness_of_processes:Witness"}
    )
    said: list[str] = []

    def trained(run, *overrides, metrics, say=said.append):
        graph = load_graph(
            folder / "graph.yaml",
            [
                *frozen,
                *COMMON,
                f"modules.data.with.validation={folder}/train.jsonl",
                "modules.witness={module: test.witness, from: {id: data.id, log_probs:"
                f" head.log_probs}}, with: {{folder: {folder}}}}}",
                "views.train.run=[loss.loss, witness.seen]",
                "views.validate.run=[loss.loss, witness.seen]",
                *overrides,
            ],
            registry,
        )
        return fit(graph, registry, folder / run, metrics=metrics, say=say)

    return trained, registry, said


def _seen(folder, rank, *, training):
    lines = (folder / f"seen-{rank}.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["training"] == training]


def _validated(folder, rank, batches):
    """Return what came of each batch of the only validation; the report hears some later."""
    lines = _seen(folder, rank, training=False)[:batches]
    return {tuple(line["ids"]): line["sum"] for line in lines}


def test_two_processes_do_what_one_does(folder, witnessed, metrics):
    train, registry, said = witnessed
    result = train("together", TOGETHER, metrics=metrics)
    parts = [_seen(folder, rank, training=True) for rank in (0, 1)]
    assert result.steps == len(parts[0]) == len(parts[1])
    epoch = result.steps // 2
    for part in (slice(0, epoch), slice(epoch, None)):
        heard = Counter(name for lines in parts for line in lines[part] for name in line["ids"])
        assert heard == dict.fromkeys((f"train{number}" for number in range(8)), 1)

    (folder / "seen-alone.jsonl").unlink(missing_ok=True)  # by the report on the two
    alone = train("alone", ALONE, metrics=metrics)
    assert alone.steps == result.steps
    weights = [read_bundle(r.last, registry).weights for r in (result, alone)]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], rtol=1e-4, atol=1e-6)
    assert result.best_value == pytest.approx(alone.best_value)
    assert sum("computing `mel`, `encoder` once for 8" in line for line in said) == 4

    # each batch of validation by one of the two, with the weights that the one process has
    first, second = (_validated(folder, rank, batches=2) for rank in (0, 1))
    whole = _validated(folder, "alone", batches=4)
    assert sorted(name for ids in whole for name in ids) == [f"train{n}" for n in range(8)]
    assert first | second == pytest.approx(whole, rel=1e-4)
    assert sum(line.startswith("epoch ") for line in said) >= 2
    assert not (folder / "together" / "cache").exists()


def test_a_fault_in_one_process_is_told_as_it_is(folder, witnessed, metrics):
    with pytest.raises(DataError) as caught:
        witnessed[0]("run", TOGETHER, "train.optimizer.lr=1e11", metrics=metrics)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PT032"  # so fast, gradients overflow before the loss does
    assert list((folder / "run").glob("failed_batch*.safetensors"))


def test_when_nobody_listens_any_more_all_processes_end(witnessed, folder, metrics):
    def say(line):
        if line.startswith("epoch"):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        witnessed[0]("run", TOGETHER, "train.trainer.max_epochs=1000", metrics=metrics, say=say)
    assert active_children() == []


def _hurt(beats, number):
    """Send a signal to the second process once it trains; return the numbers of both."""
    pids: list[int] = []

    def hurt():
        while len(found := read_beats(beats, 2)) < 2 or found[1].step < 1:
            time.sleep(0.05)
        pids.extend(found[rank].pid for rank in (0, 1))
        os.kill(pids[1], number)

    Thread(target=hurt, daemon=True).start()
    return pids


@pytest.mark.skipif(os.name == "nt", reason="such signals are POSIX")
@pytest.mark.parametrize(
    ("number", "timeout", "code", "told"),
    [
        ("SIGKILL", "60", "PT007", "training process 1 (process {}) was ended by signal SIGKILL"),
        ("SIGSTOP", "3", "PT020", "training process 1 (process {} on "),
    ],
)
def test_a_process_that_dies_or_stops_is_named_and_leaves_nothing_alive(
    number, timeout, code, told, train, folder, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PHONOGRAPH_RANK_TIMEOUT", timeout)
    monkeypatch.setattr("phonograph.training.ranks._GRACE", 0.5)
    pids = _hurt(folder / "run" / "beats", getattr(signal, number))
    with pytest.raises(PhonographError) as caught:
        train(TOGETHER, "train.trainer.max_epochs=1000000")
    (fault,) = caught.value.diagnostics
    assert fault.code == code
    assert fault.message.startswith(told.format(pids[1]))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
