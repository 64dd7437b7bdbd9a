"""tantivy in memory, with English stems; a text is found by any of the query's words."""

import json
import re
import time

import tantivy
from protocol import resident_bytes, serve

# The memory of the writer.
HEAP = 256 << 20


class Tantivy:
    """One index."""

    def build_words(self, texts, threads):
        """Indexes, and waits for the merges."""
        self.index = self.searcher = None
        before = resident_bytes()
        with open(texts, encoding="utf-8") as file:
            corpus = [json.loads(line) for line in file]
        started = time.perf_counter()
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", stored=True)
        builder.add_text_field("text", stored=False, tokenizer_name="en_stem", index_option="freq")
        self.index = tantivy.Index(builder.build())
        writer = self.index.writer(heap_size=HEAP, num_threads=threads)
        for row, text in enumerate(corpus):
            writer.add_document(tantivy.Document(id=row, text=text))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()
        seconds = time.perf_counter() - started
        del corpus, writer
        return {"seconds": seconds, "bytes": resident_bytes() - before}

    def search_words(self, queries, k):
        """The best texts for each query."""
        times = []
        passages = 0
        for query in queries:
            started = time.perf_counter()
            words = " ".join(re.findall(r"\w+", query.lower()))
            parsed = self.index.parse_query(words, ["text"])
            hits = self.searcher.search(parsed, k).hits
            times.append(time.perf_counter() - started)
            passages += len(hits)
        return {"times": times, "passages": passages}


if __name__ == "__main__":
    serve(Tantivy())
