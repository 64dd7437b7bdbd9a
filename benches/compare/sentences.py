"""What the scripts with sentence encoders share: texts to padded token ids, and batches of texts of similar length."""

import json
import os
import time

import numpy
import tokenizers


class Tokens:
    """The tokenizer of a model's folder."""

    def __init__(self, folder):
        self.tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        with open(os.path.join(folder, "sentence_bert_config.json"), encoding="utf-8") as file:
            self.tokenizer.enable_truncation(json.load(file)["max_seq_length"])
        self.tokenizer.enable_padding()

    def __call__(self, texts):
        """The inputs of the graph that `bert_onnx` writes."""
        encodings = self.tokenizer.encode_batch(texts)
        return {
            "input_ids": numpy.array([encoding.ids for encoding in encodings], dtype=numpy.int64),
            "attention_mask": numpy.array([text.attention_mask for text in encodings], dtype=numpy.int64),
        }


def embed(encode, texts, batch):
    """The reply for texts, so many at a time."""
    vectors = []
    started = time.perf_counter()
    for first in range(0, len(texts), batch):
        vectors.extend(encode(texts[first : first + batch]))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "vectors": [vector.tolist() for vector in vectors]}


def embed_sorted(encode, texts, batch=32):
    """The vectors of many texts, long ones with long ones, as sentence-transformers does."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
    vectors = [None] * len(texts)
    for first in range(0, len(order), batch):
        part = order[first : first + batch]
        for index, vector in zip(part, encode([texts[index] for index in part]), strict=True):
            vectors[index] = vector
    return vectors
