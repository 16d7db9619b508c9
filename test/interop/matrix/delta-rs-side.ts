import path from "node:path";
import { ROOT, runProcess } from "../../support/grizzly.js";
import { type Relation, relation } from "../cells.js";
import { DeltaRsError } from "./outcome.js";

/** What delta_rs_cells.py does to a table; `source` and `later` are Parquet files. */
export type Task =
  | { readonly do: "read"; readonly path: string; readonly earlier: boolean }
  | {
      readonly do: "go-on";
      readonly path: string;
      readonly source: string;
      /** Without it a DELETE must be refused. */
      readonly deletes: boolean;
      /** Files whose rows must be refused. */
      readonly forbidden: readonly string[];
    }
  | {
      readonly do: "create";
      readonly path: string;
      readonly source: string;
      readonly later: string;
      readonly deletes: boolean;
      readonly configuration: Readonly<Record<string, string>>;
      readonly partitionBy?: readonly string[];
      readonly compactLog?: true;
      readonly checkpoint?: true;
    };

/** A table as delta-rs reads it. */
export interface Reading {
  readonly schema: unknown;
  /** Version and operation, newest first. */
  readonly history: readonly (readonly string[])[];
  readonly rows: Relation;
  /** What it did although the table forbids it. */
  readonly accepted: readonly string[];
  /** Version 1. */
  readonly earlier: Relation | undefined;
}

export interface DeltaRsRun {
  /** Of the Python packages of the peers. */
  readonly versions: Readonly<Record<string, string>>;
  /** One for each task, in their order. */
  readonly answers: readonly (Reading | DeltaRsError)[];
}

interface Rows {
  readonly columns: readonly string[];
  readonly rows: Parameters<typeof relation>[1];
}

/** One process for all tasks, which takes them in their order. */
export async function runDeltaRs(tasks: readonly Task[]): Promise<DeltaRsRun> {
  const interpreter = process.env["GRIZZLY_PYTHON"];
  if (interpreter === undefined) throw new Error("GRIZZLY_PYTHON is not set: run npm run test:interop");
  const script = path.join(ROOT, "test/interop/matrix/delta_rs_cells.py");
  const args = ["-B", script, JSON.stringify({ tasks })];
  const { stdout, stderr } = await runProcess(interpreter, args, { cwd: ROOT });
  if (stdout === "") throw new Error(`delta_rs_cells.py gave no answer: ${stderr}`);
  // delta_rs_cells.py has the shape of its answer; this is the border.
  const told: { readonly result: Answers } | { readonly error: string } = JSON.parse(stdout);
  if ("error" in told) throw new Error(`delta_rs_cells.py failed: ${told.error}`);
  const { versions, answers } = told.result;
  return {
    versions,
    answers: answers.map((answer) =>
      "error" in answer ? new DeltaRsError(answer.error) : readingOf(answer.result),
    ),
  };
}

interface Answers {
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: readonly ({ readonly result: Answer } | { readonly error: string })[];
}

interface Answer {
  readonly schema: unknown;
  readonly history: readonly (readonly string[])[];
  readonly accepted: readonly string[];
  readonly rows: Rows;
  readonly earlier: Rows | null;
}

function readingOf({ schema, history, accepted, rows, earlier }: Answer): Reading {
  return {
    schema,
    history,
    accepted,
    rows: relation(rows.columns, rows.rows),
    earlier: earlier === null ? undefined : relation(earlier.columns, earlier.rows),
  };
}
