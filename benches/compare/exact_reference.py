"""What a model file says exactly: its weights dequantised, everything computed in f32 by plain matrix products.

It is written to be read, not to be fast. Norms and biases are where the file has them; what the architectures beyond
that do otherwise is in the table of plans.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy
from protocol import Refused, resident_bytes, serve


def silu(values):
    """The sigmoid linear unit."""
    return values / (1 + numpy.exp(-values))


def gelu(values):
    """The Gaussian error linear unit, approximated with a hyperbolic tangent."""
    return values / 2 * (1 + numpy.tanh(numpy.float32(numpy.sqrt(2 / numpy.pi)) * (values + 0.044715 * values**3)))


class Plan(NamedTuple):
    """What one architecture does."""

    # Whether the elements that are rotated together are neighbours, or lie half a head apart.
    neighbours: bool = False
    activation: Callable = silu
    # Whether embeddings are multiplied with the square root of their width.
    scaled: bool = False
    # One layer in so many sees everything and not a window; 0 for none, where the file has a window.
    global_every: int = 0


PLANS = {
    "llama": Plan(neighbours=True),
    "qwen2": Plan(),
    "qwen3": Plan(),
    "gemma3": Plan(activation=gelu, scaled=True, global_every=6),
}
# Gemma 3's model of so many layers scales queries by another width than that of its heads.
LARGEST_GEMMA = 62


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
        if self.architecture not in PLANS:
            raise Refused(f"the reference knows no architecture `{self.architecture}`")
        self.plan = PLANS[self.architecture]
        if self.field("rope.scaling.type", "none") not in {"none", "linear"}:
            raise Refused("the reference knows no such scaling of RoPE")
        self.weights = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32) for tensor in reader.tensors
        }
        self.layers = self.field("block_count")
        if self.architecture == "gemma3" and self.layers == LARGEST_GEMMA:
            raise Refused("the reference does not know how this model scales its queries")
        self.heads = self.field("attention.head_count")
        self.kv_heads = self.field("attention.head_count_kv", self.heads)
        width = self.weights["token_embd.weight"].shape[1]
        self.dimension = self.field("attention.key_length", width // self.heads)
        self.window = self.field("attention.sliding_window", 0)
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
        """Root mean square normalisation of the last axis, where the file has its weights."""
        weight = self.weights.get(f"{name}.weight")
        if weight is None:
            return values
        return values / numpy.sqrt(numpy.mean(values * values, axis=-1, keepdims=True) + self.epsilon) * weight

    def reach(self, layer):
        """How many tokens a token sees in this layer, its own included; 0 for all before it."""
        every = self.plan.global_every
        return 0 if every and (layer + 1) % every == 0 else self.window

    def angles(self, length, windowed):
        """Cosines and sines for each position and pair, in layers that see everything or a window."""
        dimensions = self.field("rope.dimension_count", self.dimension)
        steps = numpy.arange(0, dimensions, 2, dtype=numpy.float64) / dimensions
        if windowed and self.plan.global_every:
            frequencies = float(self.field("rope.freq_base_swa", 10000.0)) ** -steps
        else:
            frequencies = float(self.field("rope.freq_base", 10000.0)) ** -steps
            frequencies /= float(self.field("rope.scaling.factor", 1.0))
            frequencies /= self.weights.get("rope_freqs.weight", 1)
        angles = numpy.outer(numpy.arange(length), frequencies)
        return numpy.cos(angles).astype(numpy.float32), numpy.sin(angles).astype(numpy.float32)

    def rotate(self, values, angles):
        """Rotary embedding of `[positions][heads][dimension]`."""
        cosines, sines = (table[:, None, :] for table in angles)
        pairs = cosines.shape[-1]
        rotated = values.copy()
        if self.plan.neighbours:
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
        queries = self.linear(values, part + "q").reshape(length, self.heads, -1)
        keys = self.linear(values, part + "k").reshape(length, self.kv_heads, -1)
        queries = self.rotate(self.norm(queries, part + "q_norm"), angles)
        keys = self.rotate(self.norm(keys, part + "k_norm"), angles)
        contents = self.linear(values, part + "v").reshape(length, self.kv_heads, -1)
        distances = numpy.subtract.outer(numpy.arange(length), numpy.arange(length))
        seen = (distances >= 0) & (distances < (self.reach(layer) or length))
        hidden = numpy.where(seen, numpy.float32(0), -numpy.float32(numpy.inf))
        outputs = numpy.empty_like(queries)
        for head in range(self.heads):
            group = head * self.kv_heads // self.heads
            scores = queries[:, head] @ keys[:, group].T / numpy.sqrt(numpy.float32(self.dimension)) + hidden
            shares = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
            outputs[:, head] = shares / shares.sum(axis=-1, keepdims=True) @ contents[:, group]
        return self.linear(outputs.reshape(length, -1), part + "output")

    def logits(self, tokens, read):
        """The logits for every token after the first `read`."""
        values = self.weights["token_embd.weight"][tokens]
        if self.plan.scaled:
            values = values * numpy.sqrt(numpy.float32(values.shape[1]))
        angles = [self.angles(len(tokens), windowed) for windowed in (False, True)]
        for layer in range(self.layers):
            part = f"blk.{layer}."
            inputs = self.norm(values, part + "attn_norm")
            outputs = self.attention(layer, inputs, angles[self.reach(layer) > 0])
            values = values + self.norm(outputs, part + "post_attention_norm")
            inputs = self.norm(values, part + "ffn_norm")
            inner = self.plan.activation(self.linear(inputs, part + "ffn_gate")) * self.linear(inputs, part + "ffn_up")
            values = values + self.norm(self.linear(inner, part + "ffn_down"), part + "post_ffw_norm")
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
