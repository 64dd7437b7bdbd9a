"""Qdrant Edge, Qdrant's storage in this process, with a payload index for filters."""

import gc
import shutil
import tempfile

import qdrant_edge as qdrant
from protocol import Refused, serve
from vectors import CONSTRUCTION, M, measured_build, one_by_one, read_rows

# Points that are stored at once.
TOGETHER = 1000


class QdrantEdge:
    """One shard."""

    def __init__(self):
        self.folder = None
        self.shard = None

    def build(self, index, vectors, every, threads):
        """Makes the shard and its graph."""
        if index == "exact":
            raise Refused("it is here for its graph")
        if self.shard is not None:
            self.shard.close()
            shutil.rmtree(self.folder)
        self.folder = tempfile.mkdtemp(prefix="qdrant-edge-")
        self.threads = threads
        return measured_build(vectors, lambda rows: self.fill(rows, every))

    def fill(self, rows, every):
        """Stores all points, and builds the graph with the links that it has for the payload's index."""
        config = qdrant.EdgeConfig(
            vectors=qdrant.EdgeVectorParams(size=rows.shape[1], distance=qdrant.Distance.Dot),
            hnsw_config=qdrant.HnswIndexConfig(
                m=M, ef_construct=CONSTRUCTION, full_scan_threshold=10_000, max_indexing_threads=self.threads
            ),
            optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1),
        )
        self.shard = qdrant.EdgeShard.create(self.folder, config)
        for step in every:
            field = (field_name(step), qdrant.PayloadSchemaType.Keyword)
            self.shard.update(qdrant.UpdateOperation.create_field_index(*field))
        for first in range(0, len(rows), TOGETHER):
            points = [
                qdrant.Point(number, rows[number].tolist(), payload(number, every))
                for number in range(first, min(first + TOGETHER, len(rows)))
            ]
            self.shard.update(qdrant.UpdateOperation.upsert_points(points))
        while self.shard.optimize():
            pass
        gc.collect()

    def search(self, queries, k, effort, every):
        """Nearest points."""
        parameters = qdrant.SearchParams(hnsw_ef=effort)
        condition = None
        if every is not None:
            match = qdrant.FieldCondition(field_name(every), match=qdrant.MatchValue("yes"))
            condition = qdrant.Filter(must=[match])

        def search(query):
            nearest = qdrant.Query.Nearest(query)
            request = qdrant.SearchRequest(nearest, k, filter=condition, params=parameters)
            return [point.id for point in self.shard.search(request)]

        return one_by_one([query.tolist() for query in read_rows(queries)], search)


def field_name(step):
    """The field that every so manieth point has."""
    return f"every_{step}"


def payload(number, every):
    """A field for each number of which the point's is a multiple."""
    return {field_name(step): "yes" for step in every if number % step == 0}


if __name__ == "__main__":
    serve(QdrantEdge())
