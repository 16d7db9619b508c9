import { Command, Option } from "commander";
import { LakeError } from "../../core/index.js";
import { RELEASE } from "../product.js";
import type { SqlSource } from "./commands/sql.js";
import { addIngest } from "./ingest-command.js";
import { invocationOf } from "./invocation.js";
import type { Io } from "./io.js";
import {
  type ApplicationFlags,
  applicationOf,
  applicationOptions,
  collectParameter,
  memoryAmount,
  outputFile,
  type ParameterValue,
  positiveInteger,
} from "./option-values.js";
import { ROW_FORMATS, type RowFormat } from "./rows/renderer.js";
import { addCache, addTableCommands } from "./table-commands.js";

/**
 * The command line: every command and option of `grizzly`. A command's code, and with it the engine,
 * is imported when the command runs.
 *
 * @throws from `parseAsync`: commander's CommanderError for `--help`, `--version` and words it does
 * not know; whatever a command throws.
 */
export function buildProgram(io: Io): Command {
  const program = new Command("grizzly")
    .description("Raw files in, versioned Delta Lake tables out, SQL over any version.")
    .version(RELEASE, "-V, --version", "print the version")
    // After a command its own options count: --version there is a table's.
    .enablePositionalOptions()
    .helpCommand("help [command]", "Show the help of a command.")
    .addHelpText(
      "after",
      `
Examples:
  grizzly ingest orders.csv more-orders.parquet --into sales.orders
  grizzly sql "SELECT count(*) FROM sales.orders VERSION AS OF 0"
  grizzly sql "UPDATE sales.orders SET status = 'paid' WHERE order_id = 7"
  grizzly history sales.orders
  grizzly --lake s3://bucket/lake tables

Keys, region and endpoint of S3 come from AWS_* and the AWS profile; GRIZZLY_S3_ENCRYPTION, GRIZZLY_S3_PATH_STYLE,
GRIZZLY_S3_REQUESTER_PAYS and GRIZZLY_S3_CONNECTIONS say more.`,
    );
  addIngest(program, io);
  addSql(program, io);
  addTableCommands(program, io);
  addCache(program, io);
  for (const option of sharedOptions()) program.addOption(option);
  for (const command of program.commands.flatMap((command) => [command, ...command.commands])) {
    for (const option of sharedOptions()) command.addOption(option.helpGroup("Options of every command:"));
  }
  return program;
}

/** Options of every command, which may stand before its name and after it. */
function sharedOptions(): Option[] {
  return [
    new Option(
      "--lake <uri>",
      "the lake: a directory or s3://bucket/prefix (default: GRIZZLY_LAKE, grizzly.json, ./lake)",
    ),
    new Option("--json", "print the result, or the error, as JSON on stdout"),
    new Option(
      "--memory-limit <amount>",
      "memory for the engine, such as 4GB; more spills to disk",
    ).argParser(memoryAmount),
    new Option("--threads <n>", "threads for the engine").argParser(positiveInteger("--threads")),
    new Option("-q, --quiet", "no messages and no progress on stderr"),
    new Option("--verbose", "print the causes of an error"),
  ];
}

function addSql(program: Command, io: Io): void {
  interface SqlFlags extends ApplicationFlags {
    readonly file?: string;
    readonly format?: RowFormat;
    readonly output?: string;
    readonly param?: Readonly<Record<string, ParameterValue>>;
  }
  const command = program
    .command("sql")
    .summary("Run SQL over any version of the tables.")
    .description("Runs SQL statements in turn and prints each result.")
    .argument("[statements]", "the statements, separated by ;, or - for standard input")
    .option("-f, --file <file>", "read the statements from a file")
    .addOption(new Option("--format <format>", "how rows are printed (default: table)").choices(ROW_FORMATS))
    .option(
      "-o, --output <file>",
      "write the last result to a .parquet, .csv, .jsonl, .json or .arrow file",
      outputFile,
    )
    .option("--param <name=value>", "the value of $name; repeat it for more", collectParameter)
    .addHelpText(
      "after",
      `
Time travel:
  SELECT * FROM orders VERSION AS OF 12         also orders@v12
  SELECT * FROM orders TIMESTAMP AS OF '2025-01-31'
Changes, each in one commit; between BEGIN and COMMIT together:
  INSERT INTO t SELECT ...    UPDATE t SET a = 1 WHERE ...    DELETE FROM t WHERE ...    MERGE INTO t USING ...
  CREATE TABLE t AS SELECT ...    ALTER TABLE t ADD COLUMN ...    RESTORE t TO VERSION AS OF 3
Examples:
  grizzly sql "SELECT * FROM orders WHERE year = $year" --param year=2024
  grizzly sql -f report.sql --format csv > report.csv
  grizzly sql "SELECT * FROM orders" --output orders.parquet
  grizzly sql "INSERT INTO days SELECT ..." --app-id nightly --app-version 20250131`,
    )
    .action(async (statements: string | undefined, flags: SqlFlags, command: Command) => {
      const source = sqlSource(statements, flags.file, io.stdin.isTTY === true);
      if (source === undefined) return command.help({ error: true });
      const invocation = invocationOf(command, io);
      const { sql } = await import("./commands/sql.js");
      const { output, param: parameters } = flags;
      const format = rowFormat(flags.format, invocation.json);
      await sql(invocation, { source, format, output, parameters, application: applicationOf(flags) });
    });
  for (const option of applicationOptions()) command.addOption(option);
}

/** Where the statements are; undefined when nobody gave any. */
function sqlSource(
  statements: string | undefined,
  file: string | undefined,
  interactive: boolean,
): SqlSource | undefined {
  if (statements !== undefined && file !== undefined) {
    throw new LakeError(
      "invalid-input",
      "cli-usage",
      "statements are given both as an argument and with --file",
      {
        hint: "Give one of them.",
      },
    );
  }
  if (file !== undefined) return file === "-" ? { from: "stdin" } : { from: "file", file };
  if (statements === "-") return { from: "stdin" };
  if (statements !== undefined) return { from: "argument", text: statements };
  return interactive ? undefined : { from: "stdin" };
}

/** `--json` asks for JSON rows; JSON lines are JSON too. */
function rowFormat(asked: RowFormat | undefined, json: boolean): RowFormat {
  if (!json) return asked ?? "table";
  if (asked === undefined || asked === "json" || asked === "jsonl") return asked ?? "json";
  throw new LakeError("invalid-input", "cli-usage", `--json and --format ${asked} exclude each other`, {
    hint: "Leave one of them out.",
  });
}
