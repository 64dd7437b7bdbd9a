"""What a model file says exactly: its weights dequantised, everything computed in f32 by plain matrix products.

It is written to be read, not to be fast, and knows the plans of Llama and Qwen2.
"""

import numpy
from protocol import Refused, resident_bytes, serve

NEIGHBOURS = {"llama"}
HALVES = {"qwen2"}


class Reference:
    """One model's weights."""

    def open(self, path, threads, context, tokens):
        """Dequantises the weights."""
        before = resident_bytes()
        # The sigmoid of a very negative number is 0, by way of infinity.
        numpy.seterr(over="ignore")
        from gguf import GGUFReader, dequantize

        reader = GGUFReader(path)
        self.fields = reader.fields
        self.architecture = self.fields["general.architecture"].contents()
        if self.architecture not in NEIGHBOURS | HALVES:
            raise Refused(f"the reference knows no architecture `{self.architecture}`")
        if self.field("rope.scaling.type", "none") not in {"none", "linear"}:
            raise Refused("the reference knows no such scaling of RoPE")
        self.weights = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32) for tensor in reader.tensors
        }
        self.layers = self.field("block_count")
        self.heads = self.field("attention.head_count")
        self.kv_heads = self.field("attention.head_count_kv", self.heads)
        width = self.weights["token_embd.weight"].shape[1]
        self.dimension = self.field("attention.key_length", width // self.heads)
        self.epsilon = numpy.float32(self.field("attention.layer_norm_rms_epsilon"))
        return {"seconds": 0.0, "before_bytes": before}

    def field(self, name, default=None):
        """A value of the file's metadata."""
        field = self.fields.get(f"{self.architecture}.{name}")
        if field is None and default is None:
            raise Refused(f"the file has no `{self.architecture}.{name}`")
        return default if field is None else field.contents()

    def linear(self, values, name):
        """Weights times values, and the bias where there is one."""
        product = values @ self.weights[f"{name}.weight"].T
        bias = self.weights.get(f"{name}.bias")
        return product if bias is None else product + bias

    def norm(self, values, name):
        """Root mean square normalisation."""
        scale = 1 / numpy.sqrt(numpy.mean(values * values, axis=-1, keepdims=True) + self.epsilon)
        return values * scale * self.weights[f"{name}.weight"]

    def angles(self, length):
        """Cosines and sines for each position and pair."""
        dimensions = self.field("rope.dimension_count", self.dimension)
        base = float(self.field("rope.freq_base", 10000.0))
        frequencies = base ** (-numpy.arange(0, dimensions, 2, dtype=numpy.float64) / dimensions)
        if "rope_freqs.weight" in self.weights:
            frequencies /= self.weights["rope_freqs.weight"]
        frequencies /= float(self.field("rope.scaling.factor", 1.0))
        angles = numpy.outer(numpy.arange(length), frequencies)
        return numpy.cos(angles).astype(numpy.float32), numpy.sin(angles).astype(numpy.float32)

    def rotate(self, values, angles):
        """Rotary embedding of `[positions][heads][dimension]`."""
        cosines, sines = (table[:, None, :] for table in angles)
        pairs = cosines.shape[-1]
        rotated = values.copy()
        if self.architecture in NEIGHBOURS:
            first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
        else:
            first, second = slice(0, pairs), slice(pairs, 2 * pairs)
        rotated[..., first] = values[..., first] * cosines - values[..., second] * sines
        rotated[..., second] = values[..., second] * cosines + values[..., first] * sines
        return rotated

    def attention(self, layer, values, angles):
        """Causal attention of one sequence."""
        length = len(values)
        part = f"blk.{layer}.attn_"
        queries = self.rotate(self.linear(values, part + "q").reshape(length, self.heads, -1), angles)
        keys = self.rotate(self.linear(values, part + "k").reshape(length, self.kv_heads, -1), angles)
        contents = self.linear(values, part + "v").reshape(length, self.kv_heads, -1)
        future = numpy.triu(numpy.full((length, length), -numpy.inf, numpy.float32), 1)
        outputs = numpy.empty_like(queries)
        for head in range(self.heads):
            group = head * self.kv_heads // self.heads
            scores = queries[:, head] @ keys[:, group].T / numpy.sqrt(numpy.float32(self.dimension)) + future
            shares = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
            outputs[:, head] = shares / shares.sum(axis=-1, keepdims=True) @ contents[:, group]
        return self.linear(outputs.reshape(length, -1), part + "output")

    def logits(self, tokens, read):
        """The logits for every token after the first `read`."""
        values = self.weights["token_embd.weight"][tokens]
        angles = self.angles(len(tokens))
        for layer in range(self.layers):
            part = f"blk.{layer}."
            values = values + self.attention(layer, self.norm(values, part + "attn_norm"), angles)
            inputs = self.norm(values, part + "ffn_norm")
            gate = self.linear(inputs, part + "ffn_gate")
            inner = gate / (1 + numpy.exp(-gate)) * self.linear(inputs, part + "ffn_up")
            values = values + self.linear(inner, part + "ffn_down")
        values = self.norm(values[read - 1 : -1], "output_norm")
        return self.linear(values, "output" if "output.weight" in self.weights else "token_embd")

    def score(self, prompts, read, files):
        """Sums over all tokens after the first `read`, for the reference itself and for each recorded file."""
        length, width = len(prompts[0]) - read, len(self.weights["token_embd.weight"])
        shape = (length, len(prompts), width)
        recorded = {name: numpy.memmap(path, numpy.float32, "r", shape=shape) for name, path in files.items()}
        sums = {name: {"divergence": 0.0, "surprise": 0.0, "agreed": 0} for name in ["reference", *files]}
        for index, tokens in enumerate(prompts):
            exact = self.logits(tokens, read)
            for row in range(length):
                target = tokens[read + row]
                truth = log_shares(exact[row])
                add(sums["reference"], truth, truth, target)
                for name, logits in recorded.items():
                    add(sums[name], truth, log_shares(logits[row, index]), target)
        return {"scores": sums, "read_tokens": length * len(prompts)}


def log_shares(logits):
    """The logarithms of the probabilities, in f64."""
    wide = logits.astype(numpy.float64)
    wide -= wide.max()
    wide -= numpy.log(numpy.exp(wide).sum())
    return wide


def add(sums, truth, found, target):
    """Adds one position."""
    sums["divergence"] += float(numpy.sum(numpy.exp(truth) * (truth - found)))
    sums["surprise"] -= float(found[target])
    sums["agreed"] += int(truth.argmax() == found.argmax())


if __name__ == "__main__":
    serve(Reference())
