"""faiss: IndexFlat and IndexHNSWFlat, which filter with a bitmap of ids."""

import faiss
import numpy
from protocol import serve
from vectors import CONSTRUCTION, M, measured_build, one_by_one, read_rows


class Faiss:
    """One index."""

    def build(self, index, vectors, every, threads):
        """Makes the index, and the bitmaps, which are not made anew for each search."""
        faiss.omp_set_num_threads(threads)
        self.exact = index == "exact"
        self.index = None
        rows = numpy.arange(vectors["count"])
        bits = {step: numpy.packbits(rows % step == 0, bitorder="little") for step in every}
        self.bitmaps = {step: faiss.IDSelectorBitmap(bits[step]) for step in every}
        dimensions = vectors["dimensions"]
        return measured_build(vectors, lambda rows: self.fill(rows, dimensions))

    def fill(self, rows, dimensions):
        """Adds all rows."""
        if self.exact:
            self.index = faiss.IndexFlat(dimensions, faiss.METRIC_INNER_PRODUCT)
        else:
            self.index = faiss.IndexHNSWFlat(dimensions, M, faiss.METRIC_INNER_PRODUCT)
            self.index.hnsw.efConstruction = CONSTRUCTION
        self.index.add(rows)

    def search(self, queries, k, effort, every):
        """Nearest rows."""
        selector = {} if every is None else {"sel": self.bitmaps[every]}
        if self.exact:
            parameters = faiss.SearchParameters(**selector)
        else:
            parameters = faiss.SearchParametersHNSW(efSearch=effort, **selector)
        rows = read_rows(queries)[:, None, :]
        return one_by_one(rows, lambda query: self.index.search(query, k, params=parameters)[1][0])


if __name__ == "__main__":
    serve(Faiss())
