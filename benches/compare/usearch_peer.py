"""usearch with vectors in f32."""

import numpy
from protocol import Refused, serve
from usearch.index import Index
from vectors import CONSTRUCTION, M, measured_build, one_by_one, read_rows


class Usearch:
    """One index."""

    def build(self, index, vectors, every, threads):
        """Makes the index."""
        if index == "exact":
            raise Refused("it is here for its graph")
        if every:
            raise Refused("its Python package has no filter")
        self.index = None
        self.threads = threads
        return measured_build(vectors, self.fill)

    def fill(self, rows):
        """Adds all rows."""
        self.index = Index(
            ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=M, expansion_add=CONSTRUCTION
        )
        self.index.add(numpy.arange(len(rows)), rows, threads=self.threads)

    def search(self, queries, k, effort, every):
        """Nearest rows."""
        self.index.expansion_search = effort
        return one_by_one(read_rows(queries), lambda query: self.index.search(query, k, threads=1).keys)


if __name__ == "__main__":
    serve(Usearch())
