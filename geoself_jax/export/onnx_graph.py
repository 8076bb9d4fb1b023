"""Builds an ONNX graph from arithmetic: tensors whose operators add nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Tensor:
    """A value of the graph, known by its name."""

    graph: Graph
    name: str

    def __add__(self, other: Tensor | float) -> Tensor:
        return self.graph.node("Add", self, other)

    def __sub__(self, other: Tensor | float) -> Tensor:
        return self.graph.node("Sub", self, other)

    def __mul__(self, other: Tensor | float) -> Tensor:
        return self.graph.node("Mul", self, other)

    def __truediv__(self, other: Tensor | float) -> Tensor:
        return self.graph.node("Div", self, other)

    def __or__(self, other: Tensor) -> Tensor:
        return self.graph.node("Or", self, other)

    def __and__(self, other: Tensor) -> Tensor:
        return self.graph.node("And", self, other)

    def __invert__(self) -> Tensor:
        return self.graph.node("Not", self)

    def take(self, index: int | list[int], axis: int) -> Tensor:
        """Selects entries along an axis; an integer removes the axis, a list keeps it."""
        return self.graph.node("Gather", self, np.array(index, np.int64), axis=axis)

    def reshape(self, *shape: int) -> Tensor:
        """Reshapes; 0 keeps a size."""
        return self.graph.node("Reshape", self, np.array(shape, np.int64))


class Graph:
    """Nodes and weights in insertion order."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._weights: dict[str, TensorProto] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, shape: Sequence[str | int]) -> Tensor:
        """Adds a float32 input; a size that is a string is symbolic."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return Tensor(self, name)

    def output(self, name: str, value: Tensor, shape: Sequence[str | int]) -> None:
        """Adds a float32 output."""
        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def node(
        self, operator: str, *inputs: Tensor | np.ndarray | float, name: str = "", **attributes: Any
    ) -> Tensor:
        """Adds one operation; numbers and indices become constants."""
        name = name or f"{operator.lower()}_{len(self._nodes)}"
        names = [(x if isinstance(x, Tensor) else self._constant(x)).name for x in inputs]
        self._nodes.append(helper.make_node(operator, names, [name], name=name, **attributes))
        return Tensor(self, name)

    def stack(self, *values: Tensor) -> Tensor:
        """Stacks tensors along a new last axis, the third."""
        last = np.array([2], np.int64)
        return self.node("Concat", *(self.node("Unsqueeze", v, last) for v in values), axis=2)

    def proto(self, name: str) -> Any:
        """Returns the graph as a protobuf."""
        weights = list(self._weights.values())
        return helper.make_graph(self._nodes, name, self._inputs, self._outputs, weights)

    def weight(self, name: str, array: np.ndarray) -> Tensor:
        """Adds a named weight."""
        self._weights[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return Tensor(self, name)

    def _constant(self, value: np.ndarray | float) -> Tensor:
        """Adds a number or indices as a constant, stored once."""
        array = value if isinstance(value, np.ndarray) else np.array(value, np.float32)
        name = f"{array.dtype}{array.tolist()}".replace(" ", "")
        return Tensor(self, name) if name in self._weights else self.weight(name, array)
