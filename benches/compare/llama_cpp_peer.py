"""llama.cpp through the ctypes bindings of llama-cpp-python: what its own C programs call."""

import ctypes
import time

import numpy
from prompt_lookup import PromptLookup
from protocol import Refused, resident_bytes, serve
from tool_grammar import calls_in, lazy_sampler

MAX_BATCH = 2048
# How many tokens are guessed at once: of these numbers the one counts that is best for a prompt.
GUESSES = [4, 8, 16]
# `llama_token_data`
TOKEN_DATA = numpy.dtype([("token", numpy.int32), ("logit", numpy.float32), ("probability", numpy.float32)])


class Llama:
    """One model, and a context for each shape of use."""

    def open(self, path, threads, context, tokens):
        """Loads and computes the first token of a short prompt."""
        before = resident_bytes()
        import llama_cpp

        self.api = llama_cpp
        self.silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        started = time.perf_counter()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise Refused("llama.cpp does not load this file")
        self.threads = threads
        self.words = llama_cpp.llama_model_get_vocab(self.model)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(self.words)
        self.contexts = {}
        self.held = []
        self.single = self.context(1, context)
        self.read(self.single, [(tokens, 0, 0)])
        self.likeliest(self.single, -1)
        seconds = time.perf_counter() - started
        self.forget(self.single)
        return {"seconds": seconds, "before_bytes": before}

    def context(self, sequences, length):
        """A context of so many sequences of at least this length."""
        key = (sequences, length)
        if key not in self.contexts:
            parameters = self.api.llama_context_default_params()
            parameters.n_ctx = sequences * ((length + 255) // 256 * 256)
            parameters.n_batch = MAX_BATCH
            parameters.n_seq_max = sequences
            parameters.n_threads = self.threads
            parameters.n_threads_batch = self.threads
            context = self.api.llama_init_from_model(self.model, parameters)
            if not context:
                raise Refused(f"llama.cpp makes no context of {sequences} × {length} tokens")
            self.contexts[key] = context
        return self.contexts[key]

    def forget(self, context):
        """Empties the context."""
        self.api.llama_memory_clear(self.api.llama_get_memory(context), False)
        self.held = []

    def prepare(self, parts, every=False):
        """A batch of (tokens, position of the first, sequence); the last token of each, or every one, gives logits."""
        total = sum(len(tokens) for tokens, _, _ in parts)
        batch = self.api.llama_batch_init(total, 0, 1)
        index = 0
        for tokens, position, sequence in parts:
            for offset, token in enumerate(tokens):
                batch.token[index] = token
                batch.pos[index] = position + offset
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = sequence
                batch.logits[index] = every or offset + 1 == len(tokens)
                index += 1
        batch.n_tokens = total
        return batch

    def decode(self, context, batch):
        """Computes a batch."""
        code = self.api.llama_decode(context, batch)
        if code != 0:
            raise RuntimeError(f"llama_decode gave {code}")
        self.api.llama_synchronize(context)

    def read(self, context, parts, every=False):
        """Prepares and computes; gives the seconds of computing alone."""
        batch = self.prepare(parts, every)
        started = time.perf_counter()
        self.decode(context, batch)
        seconds = time.perf_counter() - started
        self.api.llama_batch_free(batch)
        return seconds

    def logits(self, context, index):
        """The logits of one token of the last batch; they live until the next one."""
        return numpy.ctypeslib.as_array(self.api.llama_get_logits_ith(context, index), (self.vocabulary,))

    def likeliest(self, context, index):
        """The greedy token."""
        return int(numpy.argmax(self.logits(context, index)))

    def generate(self, tokens, text, count):
        """Reads a prompt, then writes greedily."""
        if len(tokens) > MAX_BATCH:
            raise Refused(f"a prompt has at most {MAX_BATCH} tokens here")
        self.forget(self.single)
        prompt = self.prepare([(tokens, 0, 0)])
        started = time.perf_counter()
        self.decode(self.single, prompt)
        token = self.likeliest(self.single, -1)
        first = time.perf_counter() - started
        self.api.llama_batch_free(prompt)
        batch = self.prepare([([token], 0, 0)])
        started = time.perf_counter()
        for position in range(len(tokens), len(tokens) + count):
            batch.token[0], batch.pos[0] = token, position
            self.decode(self.single, batch)
            token = self.likeliest(self.single, -1)
        rest = time.perf_counter() - started
        self.api.llama_batch_free(batch)
        return {"seconds": first, "rest_seconds": rest}

    def batch(self, prompts, count):
        """Writes greedily after several prompts at once."""
        context = self.filled(prompts, max(map(len, prompts)) + count)
        parts = [([self.likeliest(context, -1)], len(tokens), index) for index, tokens in enumerate(prompts)]
        batch = self.prepare(parts)
        started = time.perf_counter()
        for _ in range(count):
            self.decode(context, batch)
            for index in range(len(prompts)):
                batch.token[index] = self.likeliest(context, index)
                batch.pos[index] += 1
        rest = time.perf_counter() - started
        self.api.llama_batch_free(batch)
        return {"seconds": 0.0, "rest_seconds": rest}

    def filled(self, prompts, length):
        """A context that has read the prompts, each in its own sequence."""
        context = self.context(len(prompts), length)
        self.forget(context)
        for sequence, tokens in enumerate(prompts):
            self.read(context, [(tokens, 0, sequence)])
        return context

    def answer(self, prompt, tokens, text, count):
        """Answers, keeping what the prompt has in common with what was computed last, as its server does."""
        common = 0
        while common < min(len(tokens) - 1, len(self.held)) and tokens[common] == self.held[common]:
            common += 1
        batch = self.prepare([(tokens[common:], common, 0)])
        started = time.perf_counter()
        self.take_back(common)
        self.decode(self.single, batch)
        token = self.likeliest(self.single, -1)
        seconds = time.perf_counter() - started
        self.api.llama_batch_free(batch)
        self.held = list(tokens)
        for _ in range(count - 1):
            self.read(self.single, [([token], len(self.held), 0)])
            self.held.append(token)
            token = self.likeliest(self.single, -1)
        return {"seconds": seconds, "cached_tokens": common}

    def speculate(self, prompt, tokens, count):
        """Answers with prompt lookup: reads once, and writes with each number of guesses."""
        self.forget(self.single)
        seconds = self.read(self.single, [(tokens, 0, 0)])
        first = self.likeliest(self.single, -1)
        if self.api.llama_vocab_is_eog(self.words, first):
            return {"seconds": seconds}
        replies = []
        for most in GUESSES:
            self.take_back(len(tokens))
            lookup = PromptLookup([*tokens, first])
            started = time.perf_counter()
            written = self.write(lookup, count - 1, most)
            rest = time.perf_counter() - started
            replies.append({"seconds": seconds, "rest_seconds": rest, "rest_tokens": written})
        return max(replies, key=lambda reply: reply["rest_tokens"] / reply["rest_seconds"])

    def call(self, prompt, tokens, count):
        """Answers with text or calls, which are held to a grammar once they begin."""
        started = time.perf_counter()
        tools = prompt.get("tools", [])
        sampler = lazy_sampler(self.api, self.words, tools) if tools else None
        cached = self.answer(prompt, tokens, "", 1)["cached_tokens"]
        written = []
        while len(written) < count:
            token = self.allowed(sampler)
            if self.api.llama_vocab_is_eog(self.words, token):
                break
            written.append(token)
            self.read(self.single, [([token], len(self.held), 0)])
            self.held.append(token)
        if sampler:
            self.api.llama_sampler_free(sampler)
        text, calls = calls_in(self.decoded(written), {tool["name"] for tool in tools})
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "rest_tokens": len(written), "cached_tokens": cached, "text": text, "calls": calls}

    def allowed(self, sampler):
        """The likeliest token that the grammar admits: it is asked about all of them only where it refuses the first."""
        token = self.likeliest(self.single, -1)
        if not sampler:
            return token
        if not self.admits(sampler, numpy.array([token])):
            logits = self.logits(self.single, -1)
            order = numpy.arange(self.vocabulary)
            token = int(numpy.argmax(numpy.where(self.admits(sampler, order), logits, -numpy.inf)))
        self.api.llama_sampler_accept(sampler, token)
        return token

    def admits(self, sampler, tokens):
        """Which of the tokens the grammar admits."""
        data = numpy.zeros(len(tokens), TOKEN_DATA)
        data["token"] = tokens
        items = data.ctypes.data_as(ctypes.POINTER(self.api.llama_token_data))
        array = self.api.llama_token_data_array(items, len(tokens), -1, False)
        self.api.llama_sampler_apply(sampler, ctypes.byref(array))
        return data["logit"] > -numpy.inf

    def decoded(self, tokens):
        """The tokens as text, those without text of their own by name."""
        buffer = ctypes.create_string_buffer(256)
        pieces = []
        for token in tokens:
            length = self.api.llama_token_to_piece(self.words, token, buffer, len(buffer), 0, True)
            pieces.append(buffer.raw[: max(length, 0)])
        return b"".join(pieces).decode(errors="replace")

    def write(self, lookup, count, most):
        """Writes `count` tokens after those of the lookup, or as many as there are before the model ends."""
        position = len(lookup.tokens) - 1
        written = 0
        while written < count:
            guesses = lookup.guess(min(most, count - written - 1))
            self.read(self.single, [([lookup.tokens[-1], *guesses], position, 0)], every=True)
            for index, guess in enumerate([*guesses, None]):
                token = self.likeliest(self.single, index)
                if self.api.llama_vocab_is_eog(self.words, token):
                    return written
                lookup.add(token)
                written += 1
                if token != guess:
                    break
            position += index + 1
            self.take_back(position)
        return written

    def take_back(self, length):
        """Forgets the tokens of the single sequence from this place on."""
        self.api.llama_memory_seq_rm(self.api.llama_get_memory(self.single), 0, length, -1)

    def record(self, prompts, read, file):
        """Writes the logits for every token after the first `read`, for all prompts in step, as f32."""
        with open(file, "wb") as output:
            context = self.context(len(prompts), len(prompts[0]))
            self.forget(context)
            for sequence, tokens in enumerate(prompts):
                self.read(context, [(tokens[:read], 0, sequence)])
                self.logits(context, -1).tofile(output)
            for position in range(read, len(prompts[0]) - 1):
                self.read(context, [([tokens[position]], position, index) for index, tokens in enumerate(prompts)])
                for index in range(len(prompts)):
                    self.logits(context, index).tofile(output)
        return {}


if __name__ == "__main__":
    serve(Llama())
