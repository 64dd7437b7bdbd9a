"""OpenVINO, computing in bf16 where the processor has it."""

import bert_onnx
import openvino
from protocol import serve
from sentences import Tokens, embed


class OpenVino:
    """One compiled model."""

    def open_encoder(self, model, graph, threads):
        """Writes the graph if need be, and compiles it."""
        bert_onnx.write(model, graph)
        self.tokens = Tokens(model)
        options = {
            "INFERENCE_PRECISION_HINT": "bf16",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        self.request = openvino.Core().compile_model(graph, "CPU", options).create_infer_request()
        return {}

    def encode(self, texts):
        """The vectors of texts."""
        return self.request.infer(self.tokens(texts))["vectors"]

    def embed(self, texts, batch):
        """The vectors of texts, so many at a time."""
        return embed(self.encode, texts, batch)


if __name__ == "__main__":
    serve(OpenVino())
