import { throwIfCancelled } from "../core/index.js";
import type { Session } from "../engine/index.js";
import { openArrow } from "./arrow/open-arrow.js";
import { openAvro } from "./avro/open-avro.js";
import { openJoinedCsv } from "./csv/joined-csv.js";
import type { CsvLayout } from "./csv/layout.js";
import { openCsv } from "./csv/open-csv.js";
import type { Detection } from "./detect/detect.js";
import { detectFile } from "./detect/detect-file.js";
import { invalidSource } from "./failure.js";
import { UNREAD, USUAL_RECORD_BYTES } from "./json/json-source.js";
import { openJson } from "./json/open-json.js";
import {
  type JoinedFiles,
  joinFiles,
  joiningOf,
  LARGEST_JOINED_BYTES,
  type LookedAt,
} from "./jsonl/joined-files.js";
import type { Compression, Misfits, OpenedSource, RecordSource } from "./opened-source.js";
import { openParquet } from "./parquet/open-parquet.js";
import { unpackZip } from "./source/archive.js";
import { decompress } from "./source/decompress.js";
import { eachFile } from "./source/file-stamp.js";
import type { SourceFile } from "./source/source-file.js";
import { transcode } from "./source/transcode.js";

/** Compressed inside compressed, at most. */
const MAXIMUM_NESTING = 3;

interface Wrapping {
  readonly compression: Compression;
  /** Bytes of the file as it was found. */
  readonly sizeBytes: number;
  readonly notes: readonly string[];
  readonly depth: number;
  readonly avroSchema: string | undefined;
  readonly misfits: Misfits;
  readonly wholeBytes: number | undefined;
}

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * `rescue`: records that cannot be read are passed over when columns and types are found, for
   * {@link OpenedSource.fitted} to rescue; default `refuse`.
   */
  readonly misfits?: Misfits | undefined;
  /** JSON of the schema that Avro records are wanted in; default the one that each file was written in. */
  readonly avroSchema?: string | undefined;
  /**
   * CSV files of up to so many bytes, decompressed, are read once when they are opened, and their types hold for every
   * record; default small ones only, others by a sample.
   */
  readonly wholeBytes?: number | undefined;
}

/**
 * Looks at files, as {@link openSource} does at one. Small files of one kind become one source, which is read in
 * one go; the others one each, in their order.
 */
export async function openSources(
  session: Session,
  files: readonly SourceFile[],
  options: OpenOptions = {},
): Promise<OpenedSource[]> {
  const opened: OpenedSource[] = [];
  try {
    for (const joined of await lookAt(files, options))
      opened.push(...(await openJoined(session, joined, options)));
    return opened;
  } catch (error) {
    for (const source of opened) await source.dispose();
    throw error;
  }
}

/** Finds what can be read together. Of large files, each a source by itself, nothing is read. */
async function lookAt(
  files: readonly SourceFile[],
  { misfits = "refuse", signal }: OpenOptions,
): Promise<readonly JoinedFiles[]> {
  if (files.length === 1)
    return joinFiles(files.map((file) => ({ file, detection: undefined, joining: undefined })));
  const looked: LookedAt[] = [];
  const look = (file: SourceFile): void => {
    if (file.size > LARGEST_JOINED_BYTES) {
      looked.push({ file, detection: undefined, joining: undefined });
      return;
    }
    const { detection, head } = detectFile(file, misfits);
    looked.push({ file, detection, joining: joiningOf(file, detection, head) });
  };
  await eachFile(files, look, signal);
  return joinFiles(looked);
}

async function openJoined(
  session: Session,
  joined: JoinedFiles,
  options: OpenOptions,
): Promise<OpenedSource[]> {
  const { misfits = "refuse", signal } = options;
  if (joined.kind === "single") return openFile(session, joined.file, joined.detection, options);
  const { files, joining } = joined;
  if (joining.kind === "csv") return openCsvFiles(session, files, joining.layout, options);
  const source = await openJson(
    session,
    {
      ...UNREAD,
      files,
      sizeBytes: files.reduce((sum, file) => sum + file.size, 0),
      layout: "lines",
      compression: "none",
      misfits,
      maximumRecordBytes: USUAL_RECORD_BYTES,
      notes: [],
    },
    signal,
  );
  return [of(files, source)];
}

/** One source of all files, or one each where they are not one. */
async function openCsvFiles(
  session: Session,
  files: readonly [SourceFile, ...SourceFile[]],
  layout: CsvLayout,
  options: OpenOptions,
): Promise<OpenedSource[]> {
  const joined =
    files.length > 1 ? await openJoinedCsv(session, { files, layout }, options.signal) : undefined;
  if (joined !== undefined) return [of(files, joined)];
  const opened: OpenedSource[] = [];
  try {
    for (const file of files) opened.push(...(await openFile(session, file, undefined, options)));
    return opened;
  } catch (error) {
    for (const source of opened) await source.dispose();
    throw error;
  }
}

/**
 * Looks at a file: its format, columns and types. A ZIP archive gives a source an entry, any other
 * file one. On return each source owns the temporary files it needs; when this throws none are left.
 *
 * @throws LakeError `invalid-input` naming the file when it is empty, damaged or not a file of records.
 */
export async function openSource(
  session: Session,
  file: SourceFile,
  options: OpenOptions = {},
): Promise<OpenedSource[]> {
  return openFile(session, file, undefined, options);
}

/** @param detection where the file has been looked into already */
async function openFile(
  session: Session,
  file: SourceFile,
  detection: Detection | undefined,
  options: OpenOptions,
): Promise<OpenedSource[]> {
  const wrapping: Wrapping = {
    compression: "none",
    sizeBytes: file.size,
    notes: [],
    depth: 0,
    avroSchema: options.avroSchema,
    misfits: options.misfits ?? "refuse",
    wholeBytes: options.wholeBytes,
  };
  const sources = await open(session, file, wrapping, options.signal, detection);
  return sources.map((source) => of([file], source));
}

/** The source as one of these files. */
function of(files: readonly SourceFile[], source: RecordSource): OpenedSource {
  const reopen = async (failure: unknown): Promise<OpenedSource> => of(files, await source.reopen(failure));
  return { ...source, files, reopen };
}

async function open(
  session: Session,
  file: SourceFile,
  wrapping: Wrapping,
  signal: AbortSignal | undefined,
  known?: Detection,
): Promise<RecordSource[]> {
  try {
    throwIfCancelled(signal);
    const detection = known ?? detectFile(file, wrapping.misfits).detection;
    if (wrapping.depth > MAXIMUM_NESTING) {
      throw invalidSource(file.uri, "nested-compression", "the file is compressed too many times over");
    }
    switch (detection.kind) {
      case "gzip":
      case "zstd": {
        const inner = await decompress(file, detection.kind, signal);
        return await open(
          session,
          inner,
          { ...wrapping, compression: detection.kind, depth: wrapping.depth + 1 },
          signal,
        );
      }
      case "zip":
        return await openArchive(session, file, { ...wrapping, depth: wrapping.depth + 1 }, signal);
      default: {
        if (!needsTranscoding(detection))
          return [await openRecords(session, file, wrapping, detection, signal)];
        const { encoding } = detection;
        const inner = await transcode(file, encoding, signal);
        const notes = encoding === "utf-8" ? [] : [`the text was ${encoding}`];
        return await open(session, inner, { ...wrapping, notes, depth: wrapping.depth + 1 }, signal);
      }
    }
  } catch (error) {
    await file.dispose?.();
    throw error;
  }
}

async function openArchive(
  session: Session,
  archive: SourceFile,
  { depth, avroSchema, misfits, wholeBytes }: Wrapping,
  signal: AbortSignal | undefined,
): Promise<RecordSource[]> {
  const entries = await unpackZip(archive, signal);
  const opened: RecordSource[] = [];
  try {
    for (const entry of entries) {
      opened.push(
        ...(await open(
          session,
          entry,
          { compression: "none", sizeBytes: entry.size, notes: [], depth, avroSchema, misfits, wholeBytes },
          signal,
        )),
      );
    }
  } catch (error) {
    for (const source of opened) await source.dispose();
    for (const entry of entries) await entry.dispose?.();
    throw error;
  }
  await archive.dispose?.();
  return opened;
}

type RecordsDetection = Exclude<Detection, { kind: "gzip" | "zstd" | "zip" }>;

async function openRecords(
  session: Session,
  file: SourceFile,
  { compression, sizeBytes, notes, avroSchema, misfits, wholeBytes }: Wrapping,
  detection: RecordsDetection,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const source = { file, sizeBytes, compression };
  switch (detection.kind) {
    case "empty":
      throw invalidSource(file.uri, "empty-file", "the file is empty", {}, { hint: "Leave it out." });
    case "binary":
      throw invalidSource(
        file.uri,
        "not-records",
        `the file looks like ${detection.looksLike}, not like records`,
        {},
        {
          hint: "Parquet, Avro, Arrow, JSONL, JSON and CSV files are read.",
        },
      );
    case "parquet":
      return openParquet(session, source, signal);
    case "avro":
      return openAvro(session, { ...source, readerSchema: avroSchema }, signal);
    case "arrow":
      return openArrow(session, { ...source, layout: detection.layout }, signal);
    case "json":
    case "jsonl":
    case "csv": {
      if (detection.kind === "csv") {
        return openCsv(session, { ...source, whole: false, wholeBytes, notes, misfits }, signal);
      }
      const layout = detection.kind === "jsonl" ? "lines" : detection.layout;
      const maximumRecordBytes = USUAL_RECORD_BYTES;
      const jsonSource = { ...UNREAD, files: [file], sizeBytes, compression, notes, misfits } as const;
      return openJson(session, { ...jsonSource, layout, maximumRecordBytes }, signal);
    }
  }
}

/** The engine reads UTF-8, and lets only a CSV file begin with a byte order mark. */
function needsTranscoding(
  detection: RecordsDetection,
): detection is Extract<Detection, { kind: "json" | "jsonl" | "csv" }> {
  if (detection.kind !== "json" && detection.kind !== "jsonl" && detection.kind !== "csv") return false;
  return detection.encoding !== "utf-8" || (detection.byteOrderMark && detection.kind !== "csv");
}
