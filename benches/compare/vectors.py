"""What the scripts of vector libraries share: rows from files, and searches one after the other."""

import time

import numpy
from protocol import resident_bytes

# Neighbours of a node, and candidates while the graph is built.
M = 16
CONSTRUCTION = 200


def read_rows(rows):
    """The vectors of a file, as one array."""
    values = numpy.fromfile(rows["path"], dtype=numpy.float32, count=rows["count"] * rows["dimensions"])
    return values.reshape(rows["count"], rows["dimensions"])


def measured_build(rows, build):
    """Calls `build` with the rows; its time, and what of memory is left in use when the rows are gone."""
    before = resident_bytes()
    vectors = read_rows(rows)
    started = time.perf_counter()
    build(vectors)
    seconds = time.perf_counter() - started
    del vectors
    return {"seconds": seconds, "bytes": resident_bytes() - before}


def one_by_one(queries, search):
    """Calls `search` with each query; `search` gives ids, or -1 for what it did not find."""
    times = []
    found = []
    for query in queries:
        started = time.perf_counter()
        ids = search(query)
        times.append(time.perf_counter() - started)
        found.append([int(row) for row in ids if row >= 0])
    return {"times": times, "found": found}
