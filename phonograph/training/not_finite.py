"""What is said and saved when a loss or a gradient is not finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from phonograph.errors import DataError, Diagnostic, Place
from phonograph.graphs.bundle import save_bundle
from phonograph.training.failed_batch import FailedBatch, all_finite
from phonograph.training.sharding import is_sharded, own_part
from phonograph.training.split import PortBatch, ids_of

if TYPE_CHECKING:
    from phonograph.training.lightning_graph import LightningGraph


def not_finite(
    module: LightningGraph, batch: PortBatch, loss: Tensor, seeds: tuple[int, ...]
) -> DataError:
    """Save a batch and the weights, and say what is wrong with its loss or its gradients.

    Args:
        module: what is trained; a finite loss says that its gradients are at fault.
        batch: the batch that was computed last.
        loss: its loss.
        seeds: what the random state was made of for it.
    """
    run, step = module.around.run, module.global_step
    ids = ids_of(module.graph, batch)
    file = run.failed_batch_of(module.global_rank)
    known = dict(module.modules_by_node.named_parameters())
    weights = {name: own_part(weight.detach()) for name, weight in known.items()}
    FailedBatch(
        step=step,
        ids=ids,
        loss=str(loss.item()),
        seeds=seeds,
        precision=str(module.trainer.precision),
        frozen=[name for name, weight in known.items() if not weight.requires_grad],
        texts={str(port): v for port, v in batch.items() if not isinstance(v, Tensor)},
        tensors={str(port): v for port, v in batch.items() if isinstance(v, Tensor)},
    ).save(file)
    state = module.modules_by_node.state_dict()
    if not is_sharded(module):  # else nobody has them whole
        save_bundle(run.failed_weights, module.graph, state, {"step": step})
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
