import { basename } from "node:path";
import { LakeError, throwIfCancelled } from "../core/index.js";
import type { Session } from "../engine/index.js";
import { openArrow } from "./arrow/open-arrow.js";
import { openAvro } from "./avro/open-avro.js";
import { openCsv } from "./csv/open-csv.js";
import { type Detection, detect, HEAD_BYTES, TAIL_BYTES } from "./detect/detect.js";
import { invalidSource } from "./failure.js";
import { openJson, USUAL_RECORD_BYTES } from "./json/open-json.js";
import type { Compression, Misfits, OpenedSource, RecordSource } from "./opened-source.js";
import { openParquet } from "./parquet/open-parquet.js";
import { unpackZip } from "./source/archive.js";
import { readBytes } from "./source/byte-range.js";
import { decompress } from "./source/decompress.js";
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
}

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * `rescue`: records that cannot be read are passed over when columns and types are found, for
   * {@link OpenedSource.fitted} to rescue; default `refuse`.
   */
  readonly misfits?: Misfits | undefined;
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
    for (const file of files) opened.push(...(await openSource(session, file, options)));
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
  const wrapping: Wrapping = { compression: "none", sizeBytes: file.size, notes: [], depth: 0 };
  const sources = await open(session, file, wrapping, options.signal);
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
): Promise<RecordSource[]> {
  try {
    throwIfCancelled(signal);
    const detection = await detectFile(file);
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
        return await openArchive(session, file, wrapping.depth + 1, signal);
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
  depth: number,
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
          { compression: "none", sizeBytes: entry.size, notes: [], depth },
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
  { compression, sizeBytes, notes }: Wrapping,
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
      return openAvro(session, source, signal);
    case "arrow":
      return openArrow(session, { ...source, layout: detection.layout }, signal);
    case "json":
    case "jsonl":
    case "csv": {
      const textSource = { ...source, whole: false, notes };
      if (detection.kind === "csv") return openCsv(session, textSource, signal);
      const layout = detection.kind === "jsonl" ? "lines" : detection.layout;
      return openJson(session, { ...textSource, layout, maximumRecordBytes: USUAL_RECORD_BYTES }, signal);
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

async function detectFile(file: SourceFile): Promise<Detection> {
  try {
    const head = await readBytes(file.localPath, 0, HEAD_BYTES);
    const tail = await readBytes(file.localPath, Math.max(0, file.size - TAIL_BYTES), TAIL_BYTES);
    return detect(head, tail, basename(file.uri).replace(/\.(?:gz|gzip|zst|zstd)$/i, ""));
  } catch (error) {
    throw new LakeError("unavailable", "source-read", `cannot read ${file.uri}`, {
      context: { file: file.uri },
      cause: error,
    });
  }
}
