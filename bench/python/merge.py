"""merge.py TABLE SOURCE: upserts the rows of a Parquet file by their id; prints the time and the memory at the peak."""

import json
import resource
import sys
import time

import pyarrow.parquet as pq
from deltalake import DeltaTable

start = time.perf_counter()
source = pq.read_table(sys.argv[2])
(
    DeltaTable(sys.argv[1])
    .merge(source=source, predicate="t.id = s.id", source_alias="s", target_alias="t")
    .when_matched_update_all()
    .when_not_matched_insert_all()
    .execute()
)
ms = (time.perf_counter() - start) * 1000
print(json.dumps({"ms": ms, "maxMemory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
