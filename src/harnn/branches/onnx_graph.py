"""ONNX graphs written node by node; needs the packages torch and onnx."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from harnn._optional import require
from harnn._quiet import quiet_logger

OPSET = 17
_IR_VERSION = 8


class Graph:
    """Nodes and weights so far; every method adds some and returns the name of what they make."""

    def __init__(self) -> None:
        """Raises:
        MissingExtraError: the package onnx is not installed.
        """
        self.onnx = require("onnx", extra="onnx", purpose="Exporting to ONNX")
        require("onnx.numpy_helper", extra="onnx", purpose="Exporting to ONNX")
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            self.onnx.helper.make_node(kind, list(inputs), [output], name=output, **attributes)
        )
        return output

    def weight(self, array: NDArray[Any] | Tensor, name: str = "") -> str:
        name = name or f"constant_{len(self.weights)}"
        plain = array.detach().cpu().numpy() if isinstance(array, Tensor) else array
        self.weights.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(plain), name))
        return name

    def number(self, value: float) -> str:
        return self.weight(np.array(value, dtype=np.float32))

    def axes(self, *values: int) -> str:
        return self.weight(np.array(values, dtype=np.int64))

    def linear(self, x: str, layer: nn.Linear, name: str) -> str:
        """x W^T + b for x (B, D)."""
        inputs = [x, self.weight(layer.weight.T, f"{name}.weight")]
        if layer.bias is not None:
            return self.node("Gemm", *inputs, self.weight(layer.bias, f"{name}.bias"))
        return self.node("MatMul", *inputs)

    def product(self, x: str, matrix: Tensor, name: str) -> str:
        """x M^T for x (B, T, D)."""
        return self.node("MatMul", x, self.weight(matrix.T, name))

    def scan(self, first: str, inputs: Sequence[str], *, backwards: bool) -> tuple[str, str]:
        """state + gate (candidate - state) along tokens: the last state, and all (B, T, H)."""
        make = self.onnx.helper
        value = make.make_tensor_value_info
        body = make.make_graph(
            [
                make.make_node("Sub", ["candidate", "state"], ["way"]),
                make.make_node("Mul", ["gate", "way"], ["step"]),
                make.make_node("Add", ["state", "step"], ["next"]),
                make.make_node("Identity", ["next"], ["shown"]),
            ],
            "interpolate",
            [
                value(name, self.onnx.TensorProto.FLOAT, None)
                for name in ("state", "gate", "candidate")
            ],
            [value(name, self.onnx.TensorProto.FLOAT, None) for name in ("next", "shown")],
        )
        outputs = [f"Scan_{len(self.nodes)}_{name}" for name in ("last", "states")]
        way = int(backwards)
        self.nodes.append(
            make.make_node(
                "Scan",
                [first, *inputs],
                outputs,
                name=outputs[1],
                body=body,
                num_scan_inputs=2,
                scan_input_axes=[1, 1],
                scan_output_axes=[1],
                scan_input_directions=[way, way],
                scan_output_directions=[way],
            )
        )
        return outputs[0], outputs[1]

    def log_sigmoid(self, x: str) -> str:
        return self.node("Neg", self.node("Softplus", self.node("Neg", x)))

    def finish(
        self,
        inputs: Mapping[str, Sequence[str]],
        output: str,
        shape: Sequence[str | int],
        *,
        values: Mapping[str, Sequence[str | int]] = {},
    ) -> bytes:
        """Return the model.

        inputs: whole numbers by name, with the names of their dimensions; values: float numbers
        likewise. output: float numbers, with their shape.
        """
        helper, types = self.onnx.helper, self.onnx.TensorProto
        value = helper.make_tensor_value_info
        model = helper.make_model(
            helper.make_graph(
                self.nodes,
                "harnn",
                [value(name, types.INT64, list(dims)) for name, dims in inputs.items()]
                + [value(name, types.FLOAT, list(dims)) for name, dims in values.items()],
                [value(output, types.FLOAT, list(shape))],
                self.weights,
            ),
            producer_name="harnn",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
        )
        self.onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def quantize(graph: bytes) -> bytes:
    """Return the graph with its weights in 8 bits (dynamic quantisation of ONNX Runtime).

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
    """
    onnx = require("onnx", extra="onnx", purpose="Exporting to ONNX")
    tools = require("onnxruntime.quantization", extra="onnx", purpose="Exporting to ONNX")
    with tempfile.TemporaryDirectory() as folder, quiet_logger("root", logging.ERROR):
        output = Path(folder) / "quantized.onnx"
        tools.quantize_dynamic(
            onnx.load_from_string(graph),
            output,
            op_types_to_quantize=["MatMul", "Gemm", "LSTM", "Gather"],
            weight_type=tools.QuantType.QInt8,
            per_channel=True,
        )
        return output.read_bytes()
