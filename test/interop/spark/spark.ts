import { connect, type Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { inject } from "vitest";
import { quoteString } from "../../../engine/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import type { Cell } from "../cells.js";
import type { Answer, PeerError, Request } from "./process.js";
import "./shared-peer.js";

// Spark for the interop tests. The whole run shares one session, so a test leaves nothing behind in it:
// configuration is given with the request that needs it.

/** Settings of the Spark session for one request. */
export type Configuration = Readonly<Record<string, string>>;

/** Rows in the order in which Spark gave them; `relation` of cells.ts makes them comparable. */
export interface SparkRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface SparkReading {
  /** SQL that can follow FROM: the plain Parquet file with the rows, timestamps as INT64 microseconds. */
  readonly files: string;
  /** Spark's schema as JSON, the same form as a Delta `schemaString`. */
  readonly schema: unknown;
}

/** Spark's own refusal. */
export class SparkError extends Error {
  readonly class: string;
  /** Such as `DELTA_UNSUPPORTED_FEATURES_FOR_READ`. */
  readonly condition: string | null;

  constructor(error: PeerError) {
    super(error.message);
    this.name = "SparkError";
    this.class = error.class;
    this.condition = error.condition;
  }
}

/** Runs statements in order and gives the rows of the last one. @throws SparkError */
export async function sparkSql(
  statements: string | readonly string[],
  configuration: Configuration = {},
): Promise<SparkRows> {
  const list = typeof statements === "string" ? [statements] : statements;
  const request = { op: "sql", statements: list, with: configuration };
  // peer.py documents what it answers; this is the border.
  return (await ask(request)) as SparkRows;
}

/** Runs statements in order and gives the rows of each. @throws SparkError */
export async function sparkRelations(
  statements: readonly string[],
  configuration: Configuration = {},
): Promise<readonly SparkRows[]> {
  const answer = await ask({ op: "sql", statements, with: configuration });
  // peer.py documents what it answers; this is the border.
  return (answer as { readonly all: readonly SparkRows[] }).all;
}

/** How a version of the table at a path is named in Spark's SQL. */
export function sparkTable(
  table: string,
  at: { readonly version?: number | bigint; readonly timestamp?: string } = {},
): string {
  const name = `delta.\`${table.replaceAll("`", "``")}\``;
  if (at.version !== undefined) return `${name} VERSION AS OF ${at.version}`;
  return at.timestamp === undefined ? name : `${name} TIMESTAMP AS OF '${at.timestamp}'`;
}

/** Reads the rows of a query into a Parquet file of the running test. @throws SparkError */
export async function sparkRead(query: string, configuration: Configuration = {}): Promise<SparkReading> {
  const into = path.join(await temporaryFolder(), "rows");
  const { schema } = (await ask({ op: "read", query, into, with: configuration })) as { schema: unknown };
  return { files: `read_parquet(${quoteString(path.join(into, "*.parquet"))})`, schema };
}

/** Writes rows to the Delta table at a path with Spark's DataFrame writer. @throws SparkError */
export async function sparkWrite(
  table: string,
  from: { readonly query: string } | { readonly source: string },
  options: {
    readonly mode?: "append" | "overwrite" | "error";
    readonly partitionBy?: readonly string[];
    /** Number of files, about. */
    readonly partitions?: number;
    readonly options?: Readonly<Record<string, string>>;
    readonly configuration?: Configuration;
  } = {},
): Promise<void> {
  const { configuration = {}, ...rest } = options;
  await ask({ op: "write", path: table, ...from, ...rest, with: configuration });
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const waiting = new Map<number, Waiting>();
let socket: Socket | undefined;
let last = 0;

/** Sends one request and waits for its answer; the result has the shape that peer.py documents. */
async function ask(request: Request): Promise<unknown> {
  socket ??= open();
  last += 1;
  const id = last;
  const answer = new Promise<Answer>((resolve, reject) => waiting.set(id, { resolve, reject }));
  socket.write(`${JSON.stringify({ ...request, id })}\n`);
  const told = await answer;
  if ("fault" in told) throw new Error(`the Spark peer failed: ${told.fault}`);
  if ("error" in told) throw new SparkError(told.error);
  return told.result;
}

function open(): Socket {
  const opened = connect(inject("sparkPort"), "127.0.0.1");
  const lost = (reason: string): void => {
    socket = undefined;
    for (const { reject } of waiting.values()) reject(new Error(`the Spark peer is lost: ${reason}`));
    waiting.clear();
  };
  opened.on("error", (error) => lost(error.message));
  opened.on("close", () => lost("closed"));
  createInterface({ input: opened }).on("line", (line) => {
    const { id, ...answer }: { readonly id: number } & Answer = JSON.parse(line);
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  return opened;
}
