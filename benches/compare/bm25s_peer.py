"""bm25s with its Numba backend and English stop words."""

import json
import time

import bm25s
from protocol import resident_bytes, serve

# What Lucene's BM25 is in both: bm25s's own defaults but for these two, which are those of Anserini.
K1 = 0.9
B = 0.4


class Bm25s:
    """One index."""

    def build_words(self, texts, threads):
        """Tokenises and indexes."""
        self.index = None
        before = resident_bytes()
        with open(texts, encoding="utf-8") as file:
            corpus = [json.loads(line) for line in file]
        started = time.perf_counter()
        self.index = bm25s.BM25(k1=K1, b=B, backend="numba")
        self.index.index(self.tokens(corpus), show_progress=False)
        seconds = time.perf_counter() - started
        del corpus
        # Its search is compiled when it is used for the first time.
        self.search("anything")
        return {"seconds": seconds, "bytes": resident_bytes() - before}

    def tokens(self, texts):
        """Words without stop words."""
        return bm25s.tokenize(texts, stopwords="en", show_progress=False)

    def search(self, query, k=10):
        """The best texts for one query."""
        tokens = self.tokens(query)
        return self.index.retrieve(tokens, k=k, n_threads=0, show_progress=False).documents[0]

    def search_words(self, queries, k):
        """The best texts for each query."""
        times = []
        passages = 0
        for query in queries:
            started = time.perf_counter()
            ids = self.search(query, k)
            times.append(time.perf_counter() - started)
            passages += len(ids)
        return {"times": times, "passages": passages}


if __name__ == "__main__":
    serve(Bm25s())
