"""Writes a data set as one Parquet file, for our ingest to read. Gives its rows."""

import pyarrow.parquet as pq

from cells import main, relation
from datasets import dataset


def work(arguments):
    table = dataset(arguments["dataset"])
    pq.write_table(table, arguments["file"])
    return relation(table)


main(work)
