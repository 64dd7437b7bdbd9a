"""LlamaIndex with its defaults: sentence splitter, vector store in memory, saved to a folder."""

import json
import time

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from onnxruntime_peer import OnnxRuntime
from protocol import serve
from pydantic import PrivateAttr
from sentences import embed_sorted


class MiniLm(BaseEmbedding):
    """Sentence vectors by onnxruntime."""

    _session: OnnxRuntime = PrivateAttr()

    def __init__(self, session):
        super().__init__(model_name="all-MiniLM-L6-v2", embed_batch_size=256)
        self._session = session

    def _get_text_embeddings(self, texts):
        return [vector.tolist() for vector in embed_sorted(self._session.encode, texts)]

    def _get_text_embedding(self, text):
        return self._session.encode([text])[0].tolist()

    def _get_query_embedding(self, query):
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query):
        return self._get_text_embedding(query)


class LlamaIndex:
    """One index."""

    def open_encoder(self, model, graph, threads):
        """Opens the session."""
        session = OnnxRuntime()
        session.open_encoder(model, graph, threads)
        self.embeddings = MiniLm(session)
        return {}

    def ingest(self, documents, folder):
        """Splits, embeds, indexes and saves."""
        with open(documents, encoding="utf-8") as file:
            read = [json.loads(line) for line in file]
        started = time.perf_counter()
        entries = [
            Document(text=f"{entry['title']}\n{entry['text']}", metadata={"source": entry["source"]})
            for entry in read
        ]
        self.index = VectorStoreIndex.from_documents(entries, embed_model=self.embeddings)
        self.index.storage_context.persist(folder)
        passages = len(self.index.index_struct.nodes_dict)
        return {"seconds": time.perf_counter() - started, "passages": passages}

    def retrieve(self, queries, k):
        """The best passages for each question."""
        retriever = self.index.as_retriever(similarity_top_k=k)
        times = []
        for query in queries:
            started = time.perf_counter()
            retriever.retrieve(query)
            times.append(time.perf_counter() - started)
        return {"times": times}


if __name__ == "__main__":
    serve(LlamaIndex())
