"""LangChain with FAISS, as its guides put them together: recursive splitter, exact index, similarity search."""

import json
import time

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from onnxruntime_peer import OnnxRuntime
from protocol import serve
from sentences import embed_sorted


class MiniLm(Embeddings):
    """Sentence vectors by onnxruntime."""

    def __init__(self, session):
        self.session = session

    def embed_documents(self, texts):
        """Vectors of passages."""
        return [vector.tolist() for vector in embed_sorted(self.session.encode, texts)]

    def embed_query(self, text):
        """The vector of a question."""
        return self.session.encode([text])[0].tolist()


class LangChain:
    """One vector store."""

    def open_encoder(self, model, graph, threads):
        """Opens the session."""
        session = OnnxRuntime()
        session.open_encoder(model, graph, threads)
        self.embeddings = MiniLm(session)
        return {}

    def ingest(self, documents, folder):
        """Splits, embeds, indexes and saves; chunks of 1 000 characters with 200 of overlap are the guides'."""
        with open(documents, encoding="utf-8") as file:
            read = [json.loads(line) for line in file]
        started = time.perf_counter()
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        passages = splitter.split_documents(
            [Document(f"{entry['title']}\n{entry['text']}", metadata={"source": entry["source"]}) for entry in read]
        )
        self.store = FAISS.from_documents(passages, self.embeddings)
        self.store.save_local(folder)
        return {"seconds": time.perf_counter() - started, "passages": len(passages)}

    def retrieve(self, queries, k):
        """The best passages for each question."""
        times = []
        for query in queries:
            started = time.perf_counter()
            self.store.similarity_search(query, k=k)
            times.append(time.perf_counter() - started)
        return {"times": times}


if __name__ == "__main__":
    serve(LangChain())
