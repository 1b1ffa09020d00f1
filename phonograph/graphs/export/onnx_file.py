"""A program as an ONNX file, and how such a file is run to check it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.nn.attention import SDPBackend, sdpa_kernel

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.export.exported_view import ExportedView
from phonograph.graphs.export.onnx_operators import OPSET, translations
from phonograph.graphs.export.program import failure
from phonograph.graphs.export.quiet import quiet

LARGEST = 2**31 - 2**24
"""Bytes of weights in one file: protobuf's 2 GiB, with room for the operators."""


def size_fault(view: ExportedView) -> Diagnostic | None:
    """Say that a view's weights are too large for one ONNX file, or nothing."""
    tensors = {id(tensor): tensor for tensor in view.module.state_dict().values()}
    size = sum(tensor.nbytes for tensor in tensors.values())
    if size <= LARGEST:
        return None
    message = f"the weights take {size / 1e9:.1f} GB, and one ONNX file holds 2.1 GB at most"
    return Diagnostic("PE007", message, help="a file that ends in .pt2 has no such limit")


def write_onnx(
    view: ExportedView, program: ExportedProgram, notes: Mapping[str, str], path: Path
) -> None:
    """Write a program as one ONNX file.

    Args:
        view: what the program computes.
        program: what `trace` gave.
        notes: go into the file's metadata.
        path: where it goes.

    Raises:
        GraphError: an operator has no ONNX form.
    """
    try:
        # its other forms leave strides that the decomposed program does not have
        with quiet(), torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
            written = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=[port.name for port in view.inputs],
                output_names=[port.name for port in view.outputs],
                custom_translation_table=dict(translations()),
            )
    except Exception as error:
        raise failure(view, error) from error
    if written is None:
        raise GraphError(Diagnostic("PE005", "PyTorch wrote no ONNX program"))
    proto = written.model_proto
    _name_axes(view, proto)
    proto.graph.name = f"{view.graph.name}.{view.view.name}"
    proto.doc_string = ""
    onnx.helper.set_model_props(proto, dict(notes))
    path.write_bytes(proto.SerializeToString())


class OnnxRunner:
    """Runs an ONNX file with onnxruntime.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute the outputs by name from inputs by name."""
        arrays = {name: tensor.numpy() for name, tensor in given.items()}
        names = [output.name for output in self._session.get_outputs()]
        results = self._session.run(names, arrays)
        return {name: torch.from_numpy(result) for name, result in zip(names, results, strict=True)}


def _name_axes(view: ExportedView, proto: onnx.ModelProto) -> None:
    """Put the letters of the ports where the exporter numbered its symbols."""
    symbols: dict[str, str] = {}
    ports = {port.name: port for port in (*view.inputs, *view.outputs)}
    for value in (*proto.graph.input, *proto.graph.output):
        dims = value.type.tensor_type.shape.dim
        for dim, axis in zip(dims, ports[value.name].axes, strict=True):
            if dim.dim_param and isinstance(axis, str):
                symbols[dim.dim_param] = axis
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = symbols.get(dim.dim_param) or _renamed(dim.dim_param, symbols)


def _renamed(term: str, symbols: Mapping[str, str]) -> str:
    """Write a size in the letters of the axes.

    >>> _renamed("2*((s5//160)) + 1", {"s5": "S"})
    '2*((S//160)) + 1'
    """
    return re.sub(r"[A-Za-z_]\w*", lambda name: symbols.get(name[0], name[0]), term)
