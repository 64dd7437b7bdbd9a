"""Writes a BERT sentence encoder, a folder as the Hugging Face Hub has it, as an ONNX graph with mean pooling.

Inputs are `input_ids` and `attention_mask`, i64 [texts, tokens]; the output is `vectors`, f32 [texts, dimensions], of
length 1. The graph is the one of "BERT" (Devlin et al., 2018), written so that runtimes find the patterns they fuse.
"""

import json
import math
import os
import struct

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def write(folder, path):
    """Writes the graph unless it is there."""
    if os.path.exists(path):
        return
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    model = Graph(config, read_safetensors(os.path.join(folder, "model.safetensors"))).model()
    onnx.checker.check_model(model)
    partial = f"{path}.{os.getpid()}"
    onnx.save(model, partial)
    os.replace(partial, path)


def read_safetensors(path):
    """The tensors of a file with f32 and i64 values, by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    types = {"F32": numpy.float32, "I64": numpy.int64}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype=types[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


class Graph:
    """A graph as it grows."""

    def __init__(self, config, tensors):
        self.config = config
        self.tensors = tensors
        self.nodes = []
        self.constants = {}

    def constant(self, name, value):
        """A constant by name."""
        self.constants[name] = numpy_helper.from_array(numpy.ascontiguousarray(value), name)
        return name

    def node(self, kind, inputs, name, **attributes):
        """One more node; its output has its name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def linear(self, value, name, output):
        """A product with a matrix of the model, and its bias."""
        weight = self.constant(f"{output}.weight", self.tensors[f"{name}.weight"].T)
        bias = self.constant(f"{output}.bias", self.tensors[f"{name}.bias"])
        return self.node("Add", [bias, self.node("MatMul", [value, weight], f"{output}.product")], output)

    def norm(self, value, name, output):
        """A layer norm."""
        inputs = [
            value,
            self.constant(f"{output}.weight", self.tensors[f"{name}.weight"]),
            self.constant(f"{output}.bias", self.tensors[f"{name}.bias"]),
        ]
        return self.node("LayerNormalization", inputs, output, axis=-1, epsilon=self.config["layer_norm_eps"])

    def heads(self, value, output, order):
        """Rows cut into heads, in the given order of axes."""
        heads = self.config["num_attention_heads"]
        shape = self.constant(f"{output}.shape", numpy.array([0, 0, heads, self.config["hidden_size"] // heads]))
        cut = self.node("Reshape", [value, shape], f"{output}.cut")
        return self.node("Transpose", [cut], output, perm=order)

    def attention(self, value, mask, layer):
        """Self-attention of one layer, with its output product."""
        name = f"encoder.layer.{layer}.attention"
        query, key, content = (
            self.heads(
                self.linear(value, f"{name}.self.{part}", f"{layer}.{part}"), f"{layer}.{part}.heads", order
            )
            for part, order in [("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])]
        )
        width = self.config["hidden_size"] // self.config["num_attention_heads"]
        scale = self.constant(f"{layer}.scale", numpy.float32(math.sqrt(width)))
        scores = self.node("MatMul", [query, key], f"{layer}.scores")
        scaled = self.node("Div", [scores, scale], f"{layer}.scaled")
        masked = self.node("Add", [scaled, mask], f"{layer}.masked")
        shares = self.node("Softmax", [masked], f"{layer}.shares", axis=-1)
        mixed = self.node("MatMul", [shares, content], f"{layer}.mixed")
        back = self.node("Transpose", [mixed], f"{layer}.back", perm=[0, 2, 1, 3])
        shape = self.constant(f"{layer}.joined.shape", numpy.array([0, 0, self.config["hidden_size"]]))
        joined = self.node("Reshape", [back, shape], f"{layer}.joined")
        return self.linear(joined, f"{name}.output.dense", f"{layer}.attention")

    def gelu(self, value, output):
        """The exact Gaussian error linear unit."""
        root = self.constant(f"{output}.root", numpy.float32(math.sqrt(2)))
        one = self.constant(f"{output}.one", numpy.float32(1))
        half = self.constant(f"{output}.half", numpy.float32(0.5))
        error = self.node("Erf", [self.node("Div", [value, root], f"{output}.divided")], f"{output}.error")
        share = self.node("Add", [error, one], f"{output}.share")
        return self.node("Mul", [self.node("Mul", [value, share], f"{output}.twice"), half], output)

    def embeddings(self):
        """What the first layer gets."""
        words = self.constant("words.table", self.tensors["embeddings.word_embeddings.weight"])
        places = self.constant("places.table", self.tensors["embeddings.position_embeddings.weight"])
        kind = self.constant("kind", self.tensors["embeddings.token_type_embeddings.weight"][0])
        shape = self.node("Shape", ["input_ids"], "shape")
        index = self.constant("one.index", numpy.array([1]))
        length = self.node("Gather", [shape, index], "length", axis=0)
        zero = self.constant("zero.index", numpy.array([0]))
        used = self.node("Slice", [places, zero, length, zero], "places")
        value = self.node("Gather", [words, "input_ids"], "words", axis=0)
        value = self.node("Add", [self.node("Add", [value, used], "placed"), kind], "embedded")
        return self.norm(value, "embeddings.LayerNorm", "embeddings")

    def pooled(self, value, mask):
        """The mean over the tokens that count, of length 1."""
        last = self.constant("last.axis", numpy.array([2]))
        column = self.node("Unsqueeze", [mask, last], "column.integers")
        column = self.node("Cast", [column], "column", to=TensorProto.FLOAT)
        axis = self.constant("token.axis", numpy.array([1]))
        total = self.node(
            "ReduceSum", [self.node("Mul", [value, column], "counted"), axis], "sum", keepdims=0
        )
        count = self.node("ReduceSum", [column, axis], "count", keepdims=0)
        mean = self.node("Div", [total, count], "mean")
        length = self.node("ReduceL2", [mean], "norm", axes=[1], keepdims=1)
        return self.node("Div", [mean, length], "vectors")

    def model(self):
        """The whole model."""
        wide = "attention_mask"
        for axis in (1, 2):
            place = self.constant(f"mask.axis.{axis}", numpy.array([axis]))
            wide = self.node("Unsqueeze", [wide, place], f"mask.wide.{axis}")
        wide = self.node("Cast", [wide], "mask.wide", to=TensorProto.FLOAT)
        one = self.constant("mask.one", numpy.float32(1))
        least = self.constant("mask.least", numpy.float32(-10_000))
        mask = self.node("Mul", [self.node("Sub", [one, wide], "mask.missing"), least], "mask.added")
        value = self.embeddings()
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}"
            value = self.node("Add", [self.attention(value, mask, layer), value], f"{layer}.first")
            value = self.norm(value, f"{name}.attention.output.LayerNorm", f"{layer}.first.norm")
            inner = self.gelu(self.linear(value, f"{name}.intermediate.dense", f"{layer}.inner"), f"{layer}.gelu")
            inner = self.linear(inner, f"{name}.output.dense", f"{layer}.outer")
            value = self.node("Add", [inner, value], f"{layer}.second")
            value = self.norm(value, f"{name}.output.LayerNorm", f"{layer}.norm")
        self.pooled(value, "attention_mask")
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        dimensions = ["texts", self.config["hidden_size"]]
        outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, dimensions)]
        graph = helper.make_graph(self.nodes, "bert", inputs, outputs, list(self.constants.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
