"""onnxruntime in f32, with the graph fused by its own optimizer for BERT."""

import json
import os

import bert_onnx
import onnxruntime
from onnxruntime.transformers import optimizer
from protocol import serve
from sentences import Tokens, embed


class OnnxRuntime:
    """One session."""

    def open_encoder(self, model, graph, threads):
        """Writes the graph if need be, and opens it."""
        bert_onnx.write(model, graph)
        self.tokens = Tokens(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(
            fused(model, graph), options, providers=["CPUExecutionProvider"]
        )
        return {}

    def encode(self, texts):
        """The vectors of texts."""
        return self.session.run(["vectors"], self.tokens(texts))[0]

    def embed(self, texts, batch):
        """The vectors of texts, so many at a time."""
        return embed(self.encode, texts, batch)


def fused(model, graph):
    """The path of the graph with attention, layer norms and Gelu as one node each."""
    path = graph.replace(".onnx", "-fused.onnx")
    if not os.path.exists(path):
        with open(os.path.join(model, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        heads, width = config["num_attention_heads"], config["hidden_size"]
        # Only the session's own passes, which come later, would need torch.
        optimized = optimizer.optimize_model(graph, "bert", num_heads=heads, hidden_size=width, opt_level=0)
        print(optimized.get_fused_operator_statistics())
        partial = f"{path}.{os.getpid()}"
        optimized.save_model_to_file(partial)
        os.replace(partial, path)
    return path


if __name__ == "__main__":
    serve(OnnxRuntime())
