import { createReadStream } from "node:fs";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import type { Compression, RecordSource } from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { typeOfPlan } from "./field-plan.js";
import { type InferredJson, inferJson } from "./infer-json.js";
import { type JsonLayout, JsonScanner } from "./json-scanner.js";
import { columnsOf, convertedRows, STRICT_READING_THREADS } from "./read-json.js";

/** What the caller knows of the file, and what is settled about reading it. */
export interface JsonSource {
  readonly file: SourceFile;
  /** Bytes of the file as it was found. */
  readonly sizeBytes: number;
  readonly layout: JsonLayout;
  readonly compression: Compression;
  /** Whether types are to come from every record. */
  readonly whole: boolean;
  /** Bytes that the longest record may have; the engine's buffers grow with it. */
  readonly maximumRecordBytes: number;
  readonly notes: readonly string[];
}

/** The engine's own limit on a record; and what a document may grow to, as it is one record. */
export const USUAL_RECORD_BYTES = 16 * 1024 * 1024;
const MAXIMUM_RECORD_BYTES = 1024 * 1024 * 1024;
/** The engine reads a file of up to one buffer, twice the usual record, on one thread whatever there are. */
const SPLIT_BYTES = 2 * USUAL_RECORD_BYTES;

/** Opens a file of JSON records: lines, one array, or values one after another (a document is one row). */
export async function openJson(
  session: Session,
  source: JsonSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file, layout } = source;
  const documentBytes = layout === "values" ? file.size + 1 : 0;
  const maximumRecordBytes = Math.min(
    Math.max(source.maximumRecordBytes, documentBytes),
    MAXIMUM_RECORD_BYTES,
  );
  const records = { localPath: file.localPath, layout, size: file.size, maximumRecordBytes };
  const retry = (failure: unknown, exact: boolean): Promise<JsonSource> =>
    widened({ ...source, maximumRecordBytes }, failure, exact, signal);
  let inferred: InferredJson | undefined;
  try {
    inferred = await inferJson(session, records, source.whole, signal);
  } catch (failure) {
    return openJson(session, await retry(failure, true), signal);
  }
  if (inferred === undefined) throw invalidSource(file.uri, "no-records", "the file holds no records");
  const columns = columnsOf(inferred.columns);
  const notes = [...source.notes, ...inferred.notes];
  if (layout === "values" && inferred.exact && inferred.records === 1n) notes.push(...documentNotes(columns));
  return {
    uri: file.uri,
    format: layout === "lines" ? "jsonl" : "json",
    compression: source.compression,
    columns: columns.map(({ name, plan }) => ({ name, type: typeOfPlan(plan) })),
    notes,
    sizeBytes: source.sizeBytes,
    ...(file.size > SPLIT_BYTES ? { threads: STRICT_READING_THREADS } : {}),
    relation: () => convertedRows(records, inferred.columns),
    dispose: async () => file.dispose?.(),
    reopen: async (failure) => openJson(session, await retry(failure, inferred.exact), signal),
  };
}

/**
 * What to open after a failure: the source with types from every record and room for the longest.
 *
 * @throws LakeError the failure, explained, when neither would help.
 */
async function widened(
  source: JsonSource,
  failure: unknown,
  exact: boolean,
  signal: AbortSignal | undefined,
): Promise<JsonSource> {
  if (!mayBeTheFile(failure)) throw failure;
  const { file, maximumRecordBytes, notes } = source;
  const longestRecord = await scan(source, signal);
  if (longestRecord >= MAXIMUM_RECORD_BYTES) {
    throw new LakeError(
      "unsupported",
      "record-size",
      `${file.uri}: a record of ${longestRecord} bytes is too long`,
      {
        context: { file: file.uri },
      },
    );
  }
  const { line, what } = refusedRecord(failure);
  if (longestRecord >= maximumRecordBytes) return { ...source, maximumRecordBytes: longestRecord + 1 };
  if (exact) throw invalidSource(file.uri, "unreadable-json", what, { line }, { cause: failure });
  return {
    ...source,
    whole: true,
    notes: [...notes, `types come from every record, as a sample did not tell all: ${what}`],
  };
}

/** The one place that reads the JSON reader's message: which record it refused, and why. */
function refusedRecord(failure: LakeError): { readonly line: number | undefined; readonly what: string } {
  const reason = engineReason(failure);
  const match = /^JSON transform error in file "[^"]*", in (line|record\/value) (\d+): (.*)$/.exec(reason);
  return { line: match?.[1] === "line" ? Number(match[2]) : undefined, what: match?.[3] || reason };
}

function documentNotes(
  columns: readonly { readonly name: string; readonly plan: { readonly kind: string } }[],
): string[] {
  const lists = columns.filter(({ plan }) => plan.kind === "list").map(({ name }) => name);
  const where = lists.length === 0 ? "" : `; records inside it (${lists.join(", ")}) stay lists`;
  return [`the file is one JSON document and gives one row${where}`];
}

/**
 * The bytes of the longest record.
 *
 * @throws LakeError `invalid-input` with line, column and offset when the JSON is broken.
 */
async function scan(source: JsonSource, signal: AbortSignal | undefined): Promise<number> {
  const scanner = new JsonScanner(source.layout);
  for await (const chunk of createReadStream(source.file.localPath) as AsyncIterable<Uint8Array>) {
    throwIfCancelled(signal);
    scanner.push(chunk);
    if (scanner.fault !== undefined) break;
  }
  scanner.end();
  const { fault, longestRecord } = scanner;
  if (fault === undefined) return longestRecord;
  const { what, ...place } = fault;
  throw invalidSource(source.file.uri, "broken-json", `the JSON is broken: ${what}`, place, {
    hint: "Correct the record or take it out.",
  });
}
