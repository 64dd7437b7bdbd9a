"""mistral.rs through its Python package. It takes text, so that its own tokenizer counts."""

import os
import time

from protocol import Refused, resident_bytes, serve


class Mistral:
    """One runner."""

    def open(self, path, threads, context, tokens):
        """Loads and computes the first token of a short prompt."""
        before = resident_bytes()
        import mistralrs

        self.mistralrs = mistralrs
        folder, name = os.path.split(path)
        started = time.perf_counter()
        try:
            which = mistralrs.Which.GGUF(quantized_model_id=folder, quantized_filename=name)
            self.runner = mistralrs.Runner(which=which, token_source="none")
        except (RuntimeError, ValueError) as error:
            raise Refused(f"mistral.rs does not load this file: {str(error).splitlines()[0]}") from error
        self.run("Hello, world. How", 1)
        return {"seconds": time.perf_counter() - started, "before_bytes": before}

    def run(self, text, count):
        """Generates greedily."""
        request = self.mistralrs.CompletionRequest(
            prompt=text, model="default", max_tokens=count, temperature=0.0, ignore_eos=True
        )
        return self.runner.send_completion_request(request)

    def generate(self, tokens, text, count):
        """Reads a prompt, then writes greedily."""
        usage = self.run(text, count + 1).usage
        rest = usage.total_completion_time_sec * count / max(1, usage.completion_tokens)
        return {
            "seconds": usage.total_prompt_time_sec,
            "rest_seconds": rest,
            "read_tokens": usage.prompt_tokens,
        }

    def answer(self, prompt, tokens, text, count):
        """Answers; the runner keeps what prompts begin with."""
        started = time.perf_counter()
        self.run(text, count)
        return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    serve(Mistral())
