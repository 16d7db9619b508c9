"""Takes a table through steps with delta-rs. Gives, after each, the version and, if asked, its rows by pyarrow."""

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from cells import main, relation
from datasets import dataset


def write(path, step):
    options = {
        key: step[name]
        for key, name in [
            ("partition_by", "partitionBy"),
            ("configuration", "configuration"),
            ("schema_mode", "schemaMode"),
            ("predicate", "predicate"),
            ("target_file_size", "targetFileSize"),
        ]
        if name in step
    }
    if "appId" in step:
        options["commit_properties"] = CommitProperties(
            app_transactions=[Transaction(step["appId"], step["appVersion"])]
        )
    write_deltalake(path, dataset(step["dataset"]), mode=step.get("mode", "append"), **options)


STEPS = {
    "write": write,
    "delete": lambda path, step: DeltaTable(path).delete(step["predicate"]),
    "update": lambda path, step: DeltaTable(path).update(updates=step["set"], predicate=step["predicate"]),
    "restore": lambda path, step: DeltaTable(path).restore(step["version"]),
    "compact": lambda path, step: DeltaTable(path).optimize.compact(),
    "checkpoint": lambda path, step: DeltaTable(path).create_checkpoint(),
    "compact-log": lambda path, step: DeltaTable(path).compact_logs(step["from"], step["to"]),
    "vacuum": lambda path, step: DeltaTable(path).vacuum(
        retention_hours=0, dry_run=False, enforce_retention_duration=False
    ),
}


def work(arguments):
    path = arguments["path"]
    after = []
    for step in arguments["steps"]:
        STEPS[step["do"]](path, step)
        table = DeltaTable(path)
        rows = relation(table.to_pyarrow_table()) if arguments["readBack"] else None
        after.append({"version": table.version(), "rows": rows})
    return after


main(work)
