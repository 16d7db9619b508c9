import path from "node:path";
import type { Value } from "../../src/index.js";
import { ROOT, runProcess } from "../support/grizzly.js";
import { type Cell, type Relation, relation } from "./cells.js";

/** What python/datasets.py makes: the name of a function there, and its arguments. */
export type Dataset =
  | { readonly name: "primitives" | "nested" | "names" | "spaced_names" }
  | { readonly name: "partition_texts" | "partition_types" | "negative_decimals" }
  | { readonly name: "numbers" | "wider_numbers"; readonly first: number; readonly count: number };

/** A step of python/write_table.py. */
export type Step =
  | {
      readonly do: "write";
      readonly dataset: Dataset;
      readonly mode?: "append" | "overwrite";
      readonly partitionBy?: readonly string[];
      readonly configuration?: Readonly<Record<string, string>>;
      readonly schemaMode?: "merge" | "overwrite";
      readonly predicate?: string;
      readonly targetFileSize?: number;
      readonly appId?: string;
      readonly appVersion?: number;
    }
  | { readonly do: "delete"; readonly predicate: string }
  | { readonly do: "update"; readonly predicate: string; readonly set: Readonly<Record<string, string>> }
  | { readonly do: "restore"; readonly version: number }
  | { readonly do: "compact-log"; readonly from: number; readonly to: number }
  | { readonly do: "compact" | "checkpoint" | "vacuum" };

export type Environment = Readonly<Record<string, string>>;

/** A version of a table as delta-rs reads it. */
export interface TableReading {
  readonly version: number;
  readonly schema: unknown;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly protocol: unknown;
  /** The version that the application asked for by `appId` recorded last. */
  readonly transaction: number | null;
  /** Newest first. */
  readonly history: readonly {
    readonly version: number;
    readonly operation: string;
    readonly timestamp: number;
  }[];
  readonly numFiles: number;
  /** With `prune`: files left when those that no row of the predicate can be in are passed over. */
  readonly prunedFiles: number | null;
  /** One object a live file; the keys are those of delta-rs: `num_records`, `min.id`, `partition.day`. */
  readonly adds: readonly Readonly<Record<string, Cell>>[];
  readonly rows: Relation;
  /** The same rows by its other reader; not with a predicate, nor with `pyarrow: false`. */
  readonly pyarrowRows?: Relation;
}

/** Writes a data set as one Parquet file and gives its rows. */
export async function writeSource(dataset: Dataset, file: string): Promise<Relation> {
  return relationFrom(await python<PythonRelation>("write_source.py", { dataset, file }));
}

/** @throws Error with what delta-rs says when it refuses the table. */
export async function readTable(
  table: string,
  options: {
    readonly version?: number;
    readonly predicate?: string;
    readonly prune?: boolean;
    readonly pyarrow?: boolean;
    readonly appId?: string;
    /** How a table that is no local folder is reached, as environment variables. */
    readonly environment?: Environment;
  } = {},
): Promise<TableReading> {
  const { environment, ...named } = options;
  const answer = await python<ReadAnswer>("read_table.py", { path: table, ...named }, environment);
  const { rows, pyarrowRows, ...rest } = answer;
  return {
    ...rest,
    rows: relationFrom(rows),
    ...(pyarrowRows === undefined ? {} : { pyarrowRows: relationFrom(pyarrowRows) }),
  };
}

/** Takes a table through steps; after each, its version and its rows as pyarrow reads them. */
export async function writeTable(
  table: string,
  steps: readonly Step[],
  environment?: Environment,
): Promise<{ readonly version: number; readonly rows: Relation }[]> {
  const args = { path: table, steps, readBack: true };
  const answer = await python<{ version: number; rows: PythonRelation }[]>(
    "write_table.py",
    args,
    environment,
  );
  return answer.map(({ version, rows }) => ({ version, rows: relationFrom(rows) }));
}

type ReadAnswer = Omit<TableReading, "rows" | "pyarrowRows"> & {
  readonly rows: PythonRelation;
  readonly pyarrowRows?: PythonRelation;
};

/** As {@link writeTable}, for a table that pyarrow does not read. */
export async function writeUnreadTable(table: string, steps: readonly Step[]): Promise<void> {
  await python("write_table.py", { path: table, steps, readBack: false });
}

interface PythonRelation {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

function relationFrom({ columns, rows }: PythonRelation): Relation {
  return relation(columns, rows);
}

/** Runs a script of python/, whose answer is a `T`. */
async function python<T>(script: string, args: object, environment: Environment = {}): Promise<T> {
  const interpreter = process.env["GRIZZLY_PYTHON"];
  if (interpreter === undefined) throw new Error("GRIZZLY_PYTHON is not set: run npm run test:interop");
  const cwd = path.join(ROOT, "test/interop/python");
  const options = { cwd, env: environment };
  const { stdout, stderr } = await runProcess(interpreter, ["-B", script, JSON.stringify(args)], options);
  if (stdout === "") throw new Error(`${script} gave no answer: ${stderr}`);
  const answer: { readonly result: T } | { readonly error: string } = JSON.parse(stdout);
  if ("error" in answer) throw new Error(`delta-rs: ${answer.error}`);
  return answer.result;
}
