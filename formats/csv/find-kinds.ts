import type { Session } from "../../engine/index.js";
import { mayBeTheFile } from "../failure.js";
import { csvKindBit, KindSet } from "../inference/value-kinds.js";
import type { Misfits } from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { type CutBy, endsInEscape, engineRecords, recordsOf } from "./csv-records.js";
import { furtherKindBit, isSettled } from "./further-kinds.js";
import { KnownKinds } from "./known-kinds.js";
import type { CsvLayout } from "./layout.js";
import { stageCsv } from "./stage-csv.js";

/** A file of at most this many bytes is looked at whole in any case; of a larger one, this many records at first. */
const WHOLE_FILE_BYTES = 4 * 1024 * 1024;
const SAMPLE_RECORDS = 10_240;
// A sample is a small part of the engine's own buffer of 32 MB, which would be read and cut whole. It has
// to hold the longest record that the engine takes, 2 MB.
const SAMPLE_BUFFER_BYTES = 4 * 1024 * 1024;

/** What large files were found to hold that were looked at whole. */
const knownKinds = new KnownKinds();

export interface KindsRequest {
  readonly file: SourceFile;
  /** Whether every record is to be looked at, however large the file is. */
  readonly whole: boolean;
  /** Whether it is for a file of up to so many bytes. */
  readonly wholeBytes?: number | undefined;
  readonly misfits?: Misfits | undefined;
  readonly cutBy?: CutBy | undefined;
}

export interface FoundKinds {
  readonly kinds: readonly KindSet[];
  /** Whether they are those of every record. */
  readonly exact: boolean;
  readonly cutBy: CutBy;
}

/** @throws LakeError `invalid-input` with the line of a record that cannot be read, unless those are rescued. */
export async function findKinds(
  session: Session,
  request: KindsRequest,
  layout: CsvLayout,
  signal: AbortSignal | undefined,
): Promise<FoundKinds> {
  const { file, misfits, cutBy = "engine" } = request;
  if (cutBy === "engine" && !(await endsInEscape(file, layout))) {
    try {
      return { ...(await kindsByEngine(session, request, layout, signal)), cutBy };
    } catch (failure) {
      if (!mayBeTheFile(failure)) throw failure;
    }
  }
  const records =
    misfits === "rescue"
      ? await stageCsv(session, file, layout, signal)
      : await recordsOf(session, file, layout, "us", signal);
  try {
    const bits = await kindBits(session, layout, records.sql, signal);
    return { kinds: kindSets(bits), exact: true, cutBy: "us" };
  } finally {
    await records.dispose();
  }
}

async function kindsByEngine(
  session: Session,
  { file, whole, wholeBytes = 0 }: KindsRequest,
  layout: CsvLayout,
  signal: AbortSignal | undefined,
): Promise<Omit<FoundKinds, "cutBy">> {
  const records = engineRecords(file, layout);
  if (file.size <= WHOLE_FILE_BYTES) {
    return { kinds: kindSets(await kindBits(session, layout, records, signal)), exact: true };
  }
  const isWhole = whole || file.size <= wholeBytes;
  const known = isWhole ? knownKinds.of(file, layout) : undefined;
  if (known !== undefined) return { kinds: kindSets(known), exact: true };
  const sample = `${engineRecords(file, layout, SAMPLE_BUFFER_BYTES)} LIMIT ${SAMPLE_RECORDS}`;
  const sampled = await kindBits(session, layout, sample, signal);
  if (!isWhole) return { kinds: kindSets(sampled), exact: false };
  const found = await withFurtherKinds(session, layout, records, sampled, signal);
  knownKinds.keep(file, layout, found, Date.now());
  return { kinds: kindSets(found), exact: true };
}

/** The bits of each column's kinds in some records. */
export async function kindBits(
  session: Session,
  { names }: CsvLayout,
  records: string,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const fields = names.map((_, index) => `bit_or(${csvKindBit(`c${index}`)}) AS k${index}`);
  const [row] = await session.rows(`SELECT ${fields.join(", ")} FROM (${records})`, { signal });
  return names.map((_, index) => Number(row?.[`k${index}`] ?? 0));
}

/** The same in all records, after some of them told this much. A column that is text is read, and not looked at. */
async function withFurtherKinds(
  session: Session,
  { names }: CsvLayout,
  records: string,
  sampled: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const sets = names.map((_, index) => new KindSet(sampled[index] ?? 0));
  const fields = sets.map((known, index) => {
    const text = `c${index}`;
    return `${isSettled(known) ? `count(${text})` : `bit_or(${furtherKindBit(text, known)})`} AS k${index}`;
  });
  const [row] = await session.rows(`SELECT ${fields.join(", ")} FROM (${records})`, { signal });
  return sets.map((known, index) => {
    const further = isSettled(known) ? 0 : Number(row?.[`k${index}`] ?? 0);
    return (sampled[index] ?? 0) | further;
  });
}

export function kindSets(bits: readonly number[]): KindSet[] {
  return bits.map((each) => new KindSet(each));
}
