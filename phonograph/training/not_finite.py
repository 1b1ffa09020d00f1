"""What is said and saved when a loss or a gradient is not finite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from phonograph.errors import DataError, Diagnostic, Place
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.model import Model
from phonograph.training.failed_batch import FailedBatch, all_finite
from phonograph.training.run_directory import RunDirectory
from phonograph.training.sharding import is_sharded, own_part
from phonograph.training.split import PortBatch, ids_of


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and how a batch was computed.

    Args:
        step: steps of the optimizer done.
        rank: the process.
        seeds: what the random state was made of.
        precision: as Lightning's Trainer names it.
    """

    step: int
    rank: int
    seeds: tuple[int, ...]
    precision: str


def not_finite(
    run: RunDirectory, model: Model, batch: PortBatch, loss: Tensor, around: Circumstances
) -> DataError:
    """Save a batch and the weights, and say what is wrong with its loss or its gradients.

    Args:
        run: where they are saved.
        model: what is trained.
        batch: the batch that was computed last.
        loss: its loss; a finite one says that the gradients are at fault.
        around: when and how it was computed.
    """
    step, ids = around.step, ids_of(model.graph, batch)
    file = run.failed_batch_of(around.rank)
    state = model.module.state_dict()  # first: it divides weights again that were gathered
    known = dict(model.module.named_parameters())
    weights = {name: own_part(weight.detach()) for name, weight in known.items()}
    FailedBatch(
        step=step,
        ids=ids,
        loss=str(loss.item()),
        seeds=around.seeds,
        precision=around.precision,
        frozen=[name for name, weight in known.items() if not weight.requires_grad],
        texts={str(port): v for port, v in batch.items() if not isinstance(v, Tensor)},
        tensors={str(port): v for port, v in batch.items() if isinstance(v, Tensor)},
    ).save(file)
    if not is_sharded(model.module):  # else nobody has them whole
        save_bundle(run.failed_weights, model.graph, state, {"step": step})
    named = ", ".join(f"`{name}`" for name in ids)
    advice = "lower `lr` or clip: train.trainer.gradient_clip_val=1"
    look = f"see where it begins with `phonograph replay {run.path}`, or {advice}"
    broken = [name for name, weight in weights.items() if not weight.isfinite().all()]
    causes = (f"the batch holds {named}", *_gradients(known, loss), _state(weights, broken))
    if loss.isfinite():
        code, message = "PT032", f"gradients are not finite at step {step}, but the loss is"
    else:
        code, message = "PT004", f"the loss is {loss.item()} at step {step}"
    return DataError(
        Diagnostic(
            code,
            message,
            Place(str(file)),
            causes=causes,
            help=advice if broken else look,
        )
    )


def _gradients(weights: Mapping[str, Tensor], loss: Tensor) -> tuple[str, ...]:
    if not loss.isfinite():
        return ()
    found = {name: w.grad for name, w in weights.items() if w.grad is not None}
    bad = [name for name, gradient in found.items() if not all_finite([own_part(gradient)])]
    if not bad:
        return ()
    told = f"{len(bad)} of {len(found)} gradients are not, the last is that of `{bad[-1]}`"
    return (told, f"the loss is {loss.item():.6g}")


def _state(weights: Mapping[str, Tensor], broken: list[str]) -> str:
    if broken:
        return f"`{broken[0]}` is not finite either"
    largest = max(float(weight.abs().max()) for weight in weights.values() if weight.numel())
    return f"all weights are finite, the largest is {largest:.2g}"
