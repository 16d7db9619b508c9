import { isLakeError, LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { OpenedSource, Relation } from "../../formats/index.js";

/**
 * Text files of up to this many bytes are read whole when a query begins, should their types come from a sample: a
 * value that fits none of them is found before the first row is given. It is about a second of work.
 */
export const CHECKED_BYTES = 128 * 1024 * 1024;
/** How much longer texts are, as a rule, than they are compressed. */
const USUAL_COMPRESSION = 8;
/** Smaller ones that are not compressed are looked at whole by whoever finds their types. */
const LOOKED_AT_BYTES = 1024 * 1024;
/** Each opening after the first knows more: the types of every record, the length of the longest one. */
const MOST_OPENINGS = 4;

/** A source and its rows, until its session ends. */
export interface ReadySource {
  readonly source: OpenedSource;
  readonly relation: Relation;
}

/** Whether a late record may change what the columns of the source are. Pure. */
export function maySurprise({ format, compression, sizeBytes, files, exact }: OpenedSource): boolean {
  if (exact === true) return false;
  if (format !== "jsonl" && format !== "json" && format !== "csv") return false;
  return compression !== "none" || files.length > 1 || sizeBytes > LOOKED_AT_BYTES;
}

/** Whether the source is small enough to be read once more. Pure. */
export function isSoonRead({
  sizeBytes,
  compression,
}: Pick<OpenedSource, "sizeBytes" | "compression">): boolean {
  return sizeBytes * (compression === "none" ? 1 : USUAL_COMPRESSION) <= CHECKED_BYTES;
}

/**
 * The rows of a source, whose types hold for every one of them unless it is too large to look.
 *
 * @throws LakeError `invalid-input` naming the file, with line or offset, for one that cannot be read.
 */
export async function readySource(
  session: Session,
  source: OpenedSource,
  signal: AbortSignal | undefined,
): Promise<ReadySource> {
  let current = source;
  for (let openings = 1; ; openings++) {
    let relation: Relation | undefined;
    try {
      relation = await current.relation();
      if (maySurprise(current) && isSoonRead(current)) await readWhole(session, relation, signal);
      keep(session, relation);
      return { source: current, relation };
    } catch (failure) {
      await relation?.dispose();
      if (openings === MOST_OPENINGS) throw failure;
      current = await current.reopen(failure);
      keep(session, current);
    }
  }
}

/** What a session has of files goes when it ends; its temporary tables have gone by then. */
export function keep(session: Session, held: { dispose(): Promise<void> }): void {
  session.keep(async () => {
    try {
      await held.dispose();
    } catch (error) {
      if (!isLakeError(error) || error.code !== "session-closed") throw error;
    }
  });
}

/** Reads every value: a column that nobody asks for would not be looked at. */
export async function readWhole(
  session: Session,
  { sql }: Relation,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.rows(`SELECT bit_xor(hash(r)) FROM (${sql}) AS r`, { signal });
}

/**
 * What is wrong with the first of the sources that cannot be read to its end; `undefined` when all of them can.
 */
export async function brokenSource(
  session: Session,
  sources: readonly ReadySource[],
): Promise<unknown | undefined> {
  for (const { source, relation } of sources) {
    try {
      await readWhole(session, relation, undefined);
    } catch (failure) {
      return explainedBy(source, failure);
    }
  }
  return undefined;
}

async function explainedBy(source: OpenedSource, failure: unknown): Promise<unknown> {
  try {
    // Other types would hold. But those of the query are settled, and rows may have been given already.
    await (await source.reopen(failure)).dispose();
    const why = failure instanceof LakeError ? `: ${failure.message.split("\n", 1)[0]}` : "";
    return new LakeError(
      "invalid-input",
      "late-value",
      `${source.uri}: a record does not fit the columns and types that a sample of the file told${why}`,
      {
        context: { file: source.uri },
        hint: "Land the file in a table: grizzly ingest looks at every record. A query does so with files of up to 128 MB.",
        cause: failure,
      },
    );
  } catch (error) {
    return error;
  }
}
