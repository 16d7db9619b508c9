import { type Command, Option } from "commander";
import { LakeError } from "../../core/index.js";
import type { IngestOptions } from "../index.js";
import { invocationOf } from "./invocation.js";
import type { Io } from "./io.js";
import {
  type ApplicationFlags,
  applicationOf,
  applicationOptions,
  type BatchLimit,
  batchLimit,
  duration,
  nameList,
} from "./option-values.js";

interface IngestFlags extends ApplicationFlags {
  readonly into: string;
  readonly mode: NonNullable<IngestOptions["mode"]>;
  readonly schema: NonNullable<IngestOptions["schema"]>;
  readonly onChange?: NonNullable<IngestOptions["onChange"]>;
  readonly again?: boolean;
  readonly rescue?: boolean;
  readonly sourceColumn?: boolean;
  readonly partitionBy?: string[];
  readonly as: NonNullable<IngestOptions["as"]>;
  readonly inPlace?: boolean;
  readonly avroSchema?: string;
  readonly batch?: BatchLimit;
  readonly watch?: boolean;
  readonly poll?: number;
  readonly settle?: number;
  readonly batchInterval?: number;
}

/** `grizzly ingest`. */
export function addIngest(program: Command, io: Io): void {
  const command = program
    .command("ingest")
    .summary("Land files in a table.")
    .description(
      "Lands files in a table, each once: files that have landed are passed over. Parquet, Avro, JSONL, JSON, CSV and Arrow files are told apart by their bytes, compressed or not; - is standard input.",
    )
    .argument("<source...>", "files, folders, globs, the same at s3://bucket/..., or - for standard input")
    .requiredOption("--into <table>", "the table, [namespace.]name; it is created when it is absent")
    .addOption(
      new Option("--mode <mode>", "what becomes of the rows that are there")
        .choices(["append", "overwrite", "overwrite-partitions"])
        .default("append"),
    )
    .addOption(
      new Option(
        "--schema <policy>",
        "strict refuses columns that the table lacks, merge adds them, overwrite takes the sources' with --mode overwrite",
      )
        .choices(["strict", "merge", "overwrite"])
        .default("strict"),
    )
    .addOption(
      new Option(
        "--on-change <policy>",
        "a file that landed and has changed since: refuse it (default), append its rows, or replace its former ones",
      ).choices(["refuse", "append", "replace"]),
    )
    .option("--again", "land files that have landed once more")
    .option("--rescue", "put what does not fit into the column _rescued_data, which is added")
    .option("--no-rescue", "refuse what does not fit, also where the table has the column _rescued_data")
    .option("--source-column", "add the column _source_file: the file that a row came from")
    .option(
      "--partition-by <columns>",
      "columns, comma separated, for a new table",
      nameList("--partition-by"),
    )
    .addOption(
      new Option(
        "--as <format>",
        "format of the data files; avro, jsonl and keep leave files as they are, for this program only",
      )
        .choices(["parquet", "avro", "jsonl", "keep"])
        .default("parquet"),
    )
    .option(
      "--in-place",
      "with --as avro, jsonl or keep: do not copy the files, which must stay where they are",
    )
    .option(
      "--avro-schema <file>",
      "a schema (.avsc) that Avro files are read with in the place of their own",
    )
    .option(
      "--batch <limit>",
      "files or bytes of one commit at most: 500, 4GB, or 500,4GB (default: 10000 files, 8 GiB)",
      batchLimit,
    )
    .option("--watch", "land files as they come, until Ctrl-C")
    .option("--poll <time>", "with --watch: the pause between two looks (default: 2s)", duration("--poll"))
    .option(
      "--settle <time>",
      "with --watch: leave a file that was written to so lately for later (default: 2s)",
      duration("--settle"),
    )
    .option(
      "--batch-interval <time>",
      "of standard input: commit what has come after so long (default: 10s)",
      duration("--batch-interval"),
    )
    .addHelpText(
      "after",
      `
Examples:
  grizzly ingest flights.parquet --into flights
  grizzly ingest 'logs/*.jsonl.gz' --into ops.logs --schema merge --rescue
  grizzly ingest 's3://bucket/logs/2026-*/*.jsonl.gz' --into ops.logs
  curl -s https://example.com/orders.csv | grizzly ingest - --into orders
  tail -F events.jsonl | grizzly ingest - --into events --batch 16MB --batch-interval 5s
  grizzly ingest incoming/ --into orders --watch --on-change replace
  grizzly ingest prices/ --into prices --on-change replace
  grizzly ingest day.csv --into sales --partition-by day --mode overwrite-partitions
  grizzly ingest day.csv --into sales --app-id nightly --app-version 20250131`,
    )
    .action(async (sources: string[], flags: IngestFlags, command: Command) => {
      checkWatchFlags(sources, flags);
      const { into, mode, schema, partitionBy, onChange, again, rescue, sourceColumn, as, inPlace, batch } =
        flags;
      const landing = {
        into,
        mode,
        schema,
        partitionBy,
        onChange,
        again,
        rescue,
        sourceColumn,
        as,
        inPlace,
        batch,
      };
      const invocation = invocationOf(command, io);
      const avroSchemaFile = flags.avroSchema;
      if (flags.watch === true) {
        const { watch } = await import("./commands/watch.js");
        const { poll: pollMs, settle: settleMs } = flags;
        return watch(invocation, { sources, options: { ...landing, pollMs, settleMs }, avroSchemaFile });
      }
      const options = { ...landing, application: applicationOf(flags) };
      if (sources.length === 1 && sources[0] === "-") {
        const { ingestStandardInput } = await import("./commands/ingest-stream.js");
        const { batchInterval: batchIntervalMs } = flags;
        return ingestStandardInput(invocation, { options: { ...options, batchIntervalMs }, avroSchemaFile });
      }
      const { ingest } = await import("./commands/ingest.js");
      await ingest(invocation, { sources, options, avroSchemaFile });
    });
  for (const option of applicationOptions()) command.addOption(option);
}

/** @throws LakeError `invalid-input` `cli-usage` for options that do not go together. */
function checkWatchFlags(sources: readonly string[], flags: IngestFlags): void {
  const { watch, poll, settle, batchInterval, again, mode } = flags;
  const usage = (message: string, hint: string): LakeError =>
    new LakeError("invalid-input", "cli-usage", message, { hint });
  if (watch !== true && (poll ?? settle) !== undefined) {
    throw usage("--poll and --settle go with --watch", "Add --watch, or leave them out.");
  }
  if (batchInterval !== undefined && (sources.length !== 1 || sources[0] !== "-" || watch === true)) {
    throw usage("--batch-interval is for standard input alone", "Give - as the only source.");
  }
  if (watch !== true) return;
  if (sources.includes("-")) {
    throw usage("standard input is not watched", "Leave --watch out: it lands as it comes all the same.");
  }
  if (mode !== "append" || again === true || applicationOf(flags) !== undefined) {
    throw usage(
      "a watch appends each file once: it has no --mode, --again, --app-id",
      "Leave the option out.",
    );
  }
}
