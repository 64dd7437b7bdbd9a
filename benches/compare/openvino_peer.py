"""OpenVINO GenAI, which reads GGUF files itself, with the paged attention and prefix cache that are its default."""

import time

import numpy
from protocol import Refused, resident_bytes, serve


class OpenVino:
    """One pipeline."""

    def open(self, path, threads, context, tokens):
        """Loads and computes the first token of a short prompt."""
        before = resident_bytes()
        import openvino
        import openvino_genai

        self.tensor = openvino.Tensor
        self.genai = openvino_genai
        started = time.perf_counter()
        try:
            self.pipeline = openvino_genai.LLMPipeline(path, "CPU", INFERENCE_NUM_THREADS=threads)
        except RuntimeError as error:
            reason = [line for line in str(error).splitlines() if line.strip()][-1]
            raise Refused(f"OpenVINO does not load this file: {reason.strip()}") from error
        self.run([tokens], 1)
        return {"seconds": time.perf_counter() - started, "before_bytes": before}

    def run(self, prompts, count):
        """Generates greedily after prompts of one length."""
        config = self.genai.GenerationConfig()
        config.max_new_tokens = count
        config.ignore_eos = True
        config.do_sample = False
        config.apply_chat_template = False
        ids = numpy.array(prompts, dtype=numpy.int64)
        inputs = self.genai.TokenizedInputs(self.tensor(ids), self.tensor(numpy.ones_like(ids)))
        return self.pipeline.generate(inputs, config).perf_metrics

    def generate(self, tokens, text, count):
        """Reads a prompt, then writes greedily."""
        metrics = self.run([tokens], count + 1)
        first = metrics.get_ttft().mean / 1e3
        return {"seconds": first, "rest_seconds": metrics.get_generate_duration().mean / 1e3 - first}

    def batch(self, prompts, count):
        """Writes greedily after several prompts at once."""
        metrics = self.run(prompts, count + 1)
        rest = (metrics.get_generate_duration().mean - metrics.get_ttft().mean) / 1e3
        return {"seconds": 0.0, "rest_seconds": rest}

    def answer(self, prompt, tokens, text, count):
        """Answers; the pipeline keeps what prompts begin with."""
        started = time.perf_counter()
        self.run([tokens], count)
        return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    serve(OpenVino())
