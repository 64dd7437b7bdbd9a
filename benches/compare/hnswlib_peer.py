"""hnswlib, which filters with a function of its caller's."""

import hnswlib
from protocol import Refused, serve
from vectors import CONSTRUCTION, M, measured_build, one_by_one, read_rows


class Hnswlib:
    """One index."""

    def build(self, index, vectors, every, threads):
        """Makes the index; a filter needs nothing of it."""
        if index == "exact":
            raise Refused("it is here for its graph")
        self.index = None
        self.threads = threads
        return measured_build(vectors, self.fill)

    def fill(self, rows):
        """Adds all rows."""
        self.index = hnswlib.Index(space="ip", dim=rows.shape[1])
        self.index.init_index(max_elements=len(rows), M=M, ef_construction=CONSTRUCTION)
        self.index.add_items(rows, num_threads=self.threads)

    def search(self, queries, k, effort, every):
        """Nearest rows."""
        self.index.set_ef(effort)
        arguments = {"k": k, "num_threads": 1}
        if every is not None:
            arguments["filter"] = lambda row: row % every == 0
        return one_by_one(read_rows(queries), lambda query: self.index.knn_query(query, **arguments)[0][0])


if __name__ == "__main__":
    serve(Hnswlib())
