"""Reads one version of a table with delta-rs: all that it says about it, and its rows."""

import json

import pyarrow as pa
from deltalake import DeltaTable

from cells import cell, main, relation


def work(arguments):
    table = DeltaTable(arguments["path"], version=arguments.get("version"))
    predicate = arguments.get("predicate")
    metadata = table.metadata()
    protocol = table.protocol()
    answer = {
        "version": table.version(),
        "schema": json.loads(table.schema().to_json()),
        "partitionColumns": metadata.partition_columns,
        "configuration": metadata.configuration,
        "protocol": {
            "minReaderVersion": protocol.min_reader_version,
            "minWriterVersion": protocol.min_writer_version,
            "readerFeatures": protocol.reader_features,
            "writerFeatures": protocol.writer_features,
        },
        "transaction": table.transaction_version(arguments["appId"]) if "appId" in arguments else None,
        "history": [
            {"version": entry["version"], "operation": entry["operation"], "timestamp": entry["timestamp"]}
            for entry in table.history()
        ],
        "numFiles": len(table.file_uris()),
        "prunedFiles": len(table.file_uris(file_pruning_predicate=predicate)) if arguments.get("prune") else None,
        "adds": pa.table(table.get_add_actions(flatten=True)).to_pylist(),
        # delta-rs has two readers: its own, on DataFusion, and a pyarrow data set.
        "rows": relation(pa.table(table.scan(predicate=predicate))),
    }
    answer["adds"] = [{name: cell(value) for name, value in add.items()} for add in answer["adds"]]
    if predicate is None and arguments.get("pyarrow", True):
        answer["pyarrowRows"] = relation(table.to_pyarrow_table())
    return answer


main(work)
