"""The neighbours that a search should find: every vector is compared, with NumPy."""

import numpy
from protocol import serve
from vectors import read_rows

# Rows as near as the last one that counts, but for rounding.
ROUNDING = 1e-6


class Exact:
    """Nothing is kept."""

    def neighbours(self, vectors, queries, k, every):
        """All rows that are as near as the `k`th."""
        rows = read_rows(vectors)
        ids = numpy.arange(len(rows))[:: every or 1]
        rows = rows[:: every or 1]
        found = []
        for query in read_rows(queries):
            scores = rows @ query
            last = numpy.partition(scores, -k)[-k] if k < len(scores) else -numpy.inf
            found.append(ids[scores >= last - ROUNDING].tolist())
        return {"found": found}


if __name__ == "__main__":
    serve(Exact())
