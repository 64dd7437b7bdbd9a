"""sentence-transformers on PyTorch in f32."""

import torch
from protocol import serve
from sentence_transformers import SentenceTransformer
from sentences import embed


class SentenceTransformers:
    """One model."""

    def open_encoder(self, model, graph, threads):
        """Opens the model's folder; the graph is for others."""
        torch.set_num_threads(threads)
        self.model = SentenceTransformer(model, device="cpu", local_files_only=True)
        return {}

    def encode(self, texts):
        """The vectors of texts."""
        return self.model.encode(
            texts, batch_size=len(texts), normalize_embeddings=True, show_progress_bar=False
        )

    def embed(self, texts, batch):
        """The vectors of texts, so many at a time."""
        return embed(self.encode, texts, batch)


if __name__ == "__main__":
    serve(SentenceTransformers())
