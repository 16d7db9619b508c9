import { createReadStream } from "node:fs";
import { join } from "node:path";
import { LakeError, newUuid, throwIfCancelled } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import { joinLines } from "../jsonl/join-lines.js";
import type {
  Compression,
  FittedColumn,
  Misfits,
  RecordSource,
  Relation,
  RelationOptions,
} from "../opened-source.js";
import { fileUri } from "../source/file-uri.js";
import type { SourceFile } from "../source/source-file.js";
import { temporaryFolder } from "../source/temporary.js";
import { hasLeaf, typeOfPlan } from "./field-plan.js";
import { fittedRelation } from "./fit/fitted-relation.js";
import { type InferredJson, inferJson } from "./infer-json.js";
import { type JsonLayout, JsonScanner } from "./json-scanner.js";
import { columnsOf, convertedRows, type JsonColumns, STRICT_READING_THREADS } from "./read-json.js";
import { strictColumns, withKeys } from "./strict-columns.js";

/** What the caller knows of the files, and what is settled about reading them. */
export interface JsonSource {
  /** One, or many of lines that are read together. */
  readonly files: readonly [SourceFile, ...SourceFile[]];
  /** Bytes of the files as they were found. */
  readonly sizeBytes: number;
  readonly layout: JsonLayout;
  readonly compression: Compression;
  /** Whether records that cannot be read are passed over when columns and types are found. */
  readonly misfits: Misfits;
  /** Whether types are to come from every record. */
  readonly whole: boolean;
  /** Whether a reading by types that were given failed, so that every record is to be looked at. */
  readonly checked: boolean;
  /** Bytes that the longest record may have; the engine's buffers grow with it. */
  readonly maximumRecordBytes: number;
  readonly notes: readonly string[];
}

/** Of a source that nothing has been read of. */
export const UNREAD = { whole: false, checked: false } as const;

/** A path takes 4 KiB at most, and three times that where each of its bytes is escaped. */
const LONGEST_URI_BYTES = 16 * 1024;
/** The engine's own limit on a record; and what a document may grow to, as it is one record. */
export const USUAL_RECORD_BYTES = 16 * 1024 * 1024;
const MAXIMUM_RECORD_BYTES = 1024 * 1024 * 1024;
/** The engine reads a file of up to one buffer, twice the usual record, on one thread whatever there are. */
const SPLIT_BYTES = 2 * USUAL_RECORD_BYTES;

/** Opens files of JSON records: lines, one array, or values one after another (a document is one row). */
export async function openJson(
  session: Session,
  source: JsonSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { files, layout } = source;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const documentBytes = layout === "values" ? size + 1 : 0;
  const maximumRecordBytes = Math.min(
    Math.max(source.maximumRecordBytes, documentBytes),
    MAXIMUM_RECORD_BYTES,
  );
  const opened = { ...source, maximumRecordBytes };
  const uris = files.map((file) => file.uri);
  const readable = source.misfits === "rescue";
  let inferred: InferredJson | undefined;
  try {
    inferred = await inferJson(
      session,
      { files, layout, maximumRecordBytes, whole: source.whole, readable },
      signal,
    );
  } catch (failure) {
    return openJson(session, await widened(opened, failure, undefined, signal), signal);
  }
  const uri = uriOf(uris);
  if (inferred === undefined) throw invalidSource(uri, "no-records", "the file holds no records");
  const reading = new JsonReading(opened, inferred, signal);
  const columns = columnsOf(inferred.columns);
  const notes = [...source.notes, ...inferred.notes];
  if (layout === "values" && inferred.exact && inferred.records === 1n) notes.push(...documentNotes(columns));
  return {
    uri,
    format: layout === "lines" ? "jsonl" : "json",
    compression: source.compression,
    columns: columns.map(({ name, plan }) => ({ name, type: typeOfPlan(plan) })),
    notes,
    sizeBytes: source.sizeBytes,
    ...(size > SPLIT_BYTES ? { threads: STRICT_READING_THREADS } : {}),
    relation: (options) => reading.relation(options),
    fitted: (wanted, misfits, options) => reading.fitted(wanted, misfits, options),
    dispose: async () => {
      for (const file of files) await file.dispose?.();
    },
    reopen: async (failure) => openJson(session, await reading.reopened(failure), signal),
  };
}

function uriOf([first, ...others]: readonly string[]): string {
  return others.length === 0 ? (first ?? "") : `${first} and ${others.length} more`;
}

/** The ways in which the rows of a source are read. */
class JsonReading {
  readonly #source: JsonSource;
  readonly #inferred: InferredJson;
  readonly #signal: AbortSignal | undefined;
  /** Whether the rows were asked for last in types that were given. */
  #isFitted = false;

  constructor(source: JsonSource, inferred: InferredJson, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#inferred = inferred;
    this.#signal = signal;
  }

  async relation(options: RelationOptions = {}): Promise<Relation> {
    this.#isFitted = false;
    const { columns } = this.#inferred;
    const own = ownColumns(columns);
    if (own.length === 0) {
      throw invalidSource(this.#uri, "no-readable-records", "no record of the file can be read");
    }
    const losesDigits = columnsOf(columns).some(({ plan }) =>
      hasLeaf(plan, (leaf) => leaf.losesDigits === true),
    );
    const keepsText = columnsOf(columns).some(({ plan }) => hasLeaf(plan, isJsonText));
    // The engine would write a number anew where it becomes a text.
    if (losesDigits && !keepsText) return this.#checked(own, "refuse", options);
    return this.#converted(columns, options);
  }

  async fitted(
    wanted: readonly FittedColumn[],
    misfits: Misfits,
    options: RelationOptions = {},
  ): Promise<Relation> {
    this.#isFitted = misfits === "refuse";
    const columns = withKeys(wanted, this.#inferred.columns);
    if (misfits === "refuse" && !this.#source.checked) {
      const strict = strictColumns(columns, this.#inferred.columns);
      if (strict !== undefined) return this.#converted(strict, options);
    }
    return this.#checked(columns, misfits, options);
  }

  /** The source to read after a failure. */
  async reopened(failure: unknown): Promise<JsonSource> {
    const source = { ...this.#source, checked: this.#source.checked || this.#isFitted };
    // What a look at every record refused is refused; what the engine refused may be right in another spelling.
    const isSettled = this.#inferred.exact && (!this.#isFitted || this.#source.checked);
    if (isSettled && this.#source.misfits === "refuse" && mayBeTheFile(failure)) {
      if (!this.#isFitted) await this.#explain();
    }
    return widened(source, failure, { exact: this.#inferred.exact, isSettled }, this.#signal);
  }

  /** @throws LakeError with file, line and column, where a record is not of the columns that were found. */
  async #explain(): Promise<void> {
    const rows = await this.#checked(ownColumns(this.#inferred.columns), "refuse", {});
    await rows.dispose();
  }

  /** Rows as the engine reads them; of many files, from one that holds the lines of all. */
  async #converted(columns: JsonColumns, { numbered, withFile }: RelationOptions): Promise<Relation> {
    const { files, layout, maximumRecordBytes } = this.#source;
    const [first, ...others] = files;
    if (others.length === 0) {
      const file = withFile === true ? quoteString(first.identity ?? fileUri(first.localPath)) : undefined;
      return convertedRows({ localPath: first.localPath, layout, maximumRecordBytes }, columns, {
        numbered,
        file,
      });
    }
    const folder = await temporaryFolder();
    try {
      const localPath = join(folder.path, "lines");
      const fileKey = withFile === true ? `file ${newUuid()}` : undefined;
      await joinLines(files, localPath, fileKey, this.#signal);
      const room = fileKey === undefined ? 0 : LONGEST_URI_BYTES;
      const records = { localPath, layout, maximumRecordBytes: maximumRecordBytes + room };
      const rows = await convertedRows(records, columns, { numbered, fileKey });
      return {
        sql: rows.sql,
        dispose: async () => {
          await rows.dispose();
          await folder.dispose();
        },
      };
    } catch (error) {
      await folder.dispose();
      throw error;
    }
  }

  get #uri(): string {
    return uriOf(this.#source.files.map((file) => file.uri));
  }

  #checked(columns: readonly FittedColumn[], misfits: Misfits, options: RelationOptions): Promise<Relation> {
    const { files, layout } = this.#source;
    const areObjects = this.#inferred.columns.kind === "keys";
    return fittedRelation({ files, layout, areObjects }, columns, misfits, options, this.#signal);
  }
}

/** The columns that a source was found to have, as columns that are wanted. */
function ownColumns(columns: JsonColumns): FittedColumn[] {
  return columnsOf(columns).map(({ key, name, plan }) => ({ name, type: typeOfPlan(plan), source: key }));
}

const isJsonText = (leaf: { readonly reading: string; readonly type: string }): boolean =>
  leaf.reading === "JSON" && leaf.type === "VARCHAR";

/**
 * What to open after a failure: the source with types from every record and room for the longest.
 *
 * @param state of the source that was read; none where not even its columns were found
 * @throws LakeError the failure, explained, when neither would help.
 */
async function widened(
  source: JsonSource,
  failure: unknown,
  state: { readonly exact: boolean; readonly isSettled: boolean } | undefined,
  signal: AbortSignal | undefined,
): Promise<JsonSource> {
  if (!mayBeTheFile(failure)) throw failure;
  const { files, maximumRecordBytes, notes } = source;
  const [file] = files;
  if (source.misfits === "rescue" && (state === undefined || state.isSettled)) throw failure;
  const longestRecord = source.misfits === "rescue" ? 0 : await longestOf(source, signal);
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
  if (longestRecord >= maximumRecordBytes) return { ...source, maximumRecordBytes: longestRecord + 1 };
  const { line, what } = refusedRecord(failure);
  if (state === undefined || state.isSettled) {
    throw isPlaced(failure)
      ? failure
      : invalidSource(
          uriOf(files.map(({ uri }) => uri)),
          "unreadable-json",
          what,
          { line },
          { cause: failure },
        );
  }
  if (state.exact) return source;
  return {
    ...source,
    whole: true,
    notes: [...notes, `types come from every record, as a sample did not tell all: ${what}`],
  };
}

/** Whether an error names a file and a place in it already. */
function isPlaced(failure: LakeError): boolean {
  return failure.context["file"] !== undefined && failure.context["line"] !== undefined;
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
 * @throws LakeError `invalid-input` with file, line, column and offset when the JSON is broken.
 */
async function longestOf({ files, layout }: JsonSource, signal: AbortSignal | undefined): Promise<number> {
  let longest = 0;
  for (const file of files) longest = Math.max(longest, await scan(file, layout, signal));
  return longest;
}

async function scan(file: SourceFile, layout: JsonLayout, signal: AbortSignal | undefined): Promise<number> {
  const scanner = new JsonScanner(layout);
  for await (const chunk of createReadStream(file.localPath) as AsyncIterable<Uint8Array>) {
    throwIfCancelled(signal);
    scanner.push(chunk);
    if (scanner.fault !== undefined) break;
  }
  scanner.end();
  const { fault, longestRecord } = scanner;
  if (fault === undefined) return longestRecord;
  const { what, ...place } = fault;
  throw invalidSource(file.uri, "broken-json", `the JSON is broken: ${what}`, place, {
    hint: "Correct the record or take it out.",
  });
}
