import { type Command, Option } from "commander";
import type { CheckpointKind } from "../../table-format/index.js";
import { invocationOf } from "./invocation.js";
import type { Io } from "./io.js";
import { positiveInteger, versionNumber } from "./option-values.js";

/** The commands that are about one table. */
export function addTableCommands(program: Command, io: Io): void {
  const table = "the table: [namespace.]name, or a path";
  program
    .command("tables")
    .description("List the tables of the lake.")
    .action(async (_flags: object, command: Command) => {
      const { tables } = await import("./commands/tables.js");
      await tables(invocationOf(command, io));
    });
  program
    .command("describe")
    .description("Show a table's version, size, schema and properties.")
    .argument("<table>", table)
    .action(async (name: string, _flags: object, command: Command) => {
      const { describe } = await import("./commands/describe.js");
      await describe(invocationOf(command, io), name);
    });
  program
    .command("history")
    .description("List a table's commits, newest first.")
    .argument("<table>", table)
    .option("--limit <n>", "the newest n commits only", positiveInteger("--limit"))
    .action(async (name: string, flags: { readonly limit?: number }, command: Command) => {
      const { history } = await import("./commands/history.js");
      await history(invocationOf(command, io), name, flags.limit);
    });
  addRestore(program, io, table);
  program
    .command("optimize")
    .summary("Rewrite data files that are not Parquet as Parquet.")
    .description(
      "Rewrites the data files of a table that are not Parquet as Parquet, in one commit that changes no row. Deleted rows stay out.",
    )
    .argument("<table>", table)
    .action(async (name: string, _flags: object, command: Command) => {
      const { optimize } = await import("./commands/optimize.js");
      await optimize(invocationOf(command, io), name);
    });
  addFsck(program, io, table);
  program
    .command("checkpoint")
    .description("Write a checkpoint, so that readers need not replay the log.")
    .argument("<table>", table)
    .addOption(
      new Option("--kind <kind>", "default: what the table asks for").choices([
        "classic",
        "multi-part",
        "v2-json",
        "v2-parquet",
      ] satisfies CheckpointKind[]),
    )
    .action(async (name: string, flags: { readonly kind?: CheckpointKind }, command: Command) => {
      const { checkpoint } = await import("./commands/checkpoint.js");
      await checkpoint(invocationOf(command, io), name, flags.kind);
    });
}

/** The command that is about copies of files, of every lake. */
export function addCache(program: Command, io: Io): void {
  const group = program
    .command("cache")
    .summary("Show what the local cache of files holds, or clear it.")
    .description(
      "Shows what the local cache holds: copies of Avro and JSONL files for queries, of every lake. GRIZZLY_CACHE_DIR names its folder, GRIZZLY_CACHE_SIZE its limit (10gb).",
    )
    .action(async (_flags: object, command: Command) => {
      const { cache } = await import("./commands/cache.js");
      await cache(invocationOf(command, io));
    });
  group
    .command("clear")
    .description("Remove every copy. They are made again when they are needed.")
    .action(async (_flags: object, command: Command) => {
      const { clearCache } = await import("./commands/cache.js");
      await clearCache(invocationOf(command, io));
    });
}

function addFsck(program: Command, io: Io, table: string): void {
  interface FsckFlags {
    readonly deep?: boolean;
    readonly version?: bigint;
    readonly limit?: number;
    readonly allOrphans?: boolean;
  }
  program
    .command("fsck")
    .summary("Check a table for damage.")
    .description(
      "Checks a table from its log to its data, changes nothing, and says what to do about each finding. The exit code is 5 when the table is damaged, or could not be checked in full.",
    )
    .argument("<table>", table)
    .option("--deep", "read every value, not the footers of data files alone")
    .addOption(new Option("--version <n>", "check this version's files").argParser(versionNumber))
    .option("--limit <n>", "findings of one kind that are listed (default: 20)", positiveInteger("--limit"))
    .option("--all-orphans", "count files that nothing refers to whatever their age")
    .action(async (name: string, flags: FsckFlags, command: Command) => {
      const { fsck } = await import("./commands/fsck.js");
      await fsck(invocationOf(command, io), name, flags);
    });
}

function addRestore(program: Command, io: Io, table: string): void {
  interface RestoreFlags {
    readonly version?: bigint;
    readonly timestamp?: string;
    readonly ignoreMissingFiles?: boolean;
  }
  program
    .command("restore")
    .summary("Make a table what it was at an earlier version.")
    .description(
      "Gives a table the rows and the metadata of an earlier version, in a commit of its own: no version is lost, and a restore can be undone by another.",
    )
    .argument("<table>", table)
    .addOption(new Option("--version <n>", "the version to go back to").argParser(versionNumber))
    .option("--timestamp <time>", "the point in time to go back to, in UTC unless it names an offset")
    .option("--ignore-missing-files", "leave out files that are gone, and the rows in them")
    .addHelpText(
      "after",
      `
Examples:
  grizzly restore sales.orders --version 12
  grizzly restore sales.orders --timestamp '2025-01-31 10:00:00'`,
    )
    .action(async (name: string, flags: RestoreFlags, command: Command) => {
      const { restore } = await import("./commands/restore.js");
      await restore(invocationOf(command, io), name, flags);
    });
}
