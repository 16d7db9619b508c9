import { LakeError } from "../../../../core/index.js";
import type { OpenedSource, SourceFormat } from "../../../../formats/index.js";
import { RAW_FORMATS, type RawFormat } from "../../../../table-format/index.js";
import { readHead } from "./read-head.js";

/** How a source lands: its file as it is, or its rows as Parquet. */
export type KeptForm =
  | { readonly kind: "kept"; readonly format: RawFormat }
  /** `note` says why, where a person might have thought otherwise. */
  | { readonly kind: "rewritten"; readonly note: string };

/** What decides it. */
export interface KeepableSource {
  readonly uri: string;
  readonly format: SourceFormat;
  /** Why the file is not, byte for byte, records of its format; `undefined` where it is. */
  readonly wrapped: string | undefined;
}

/**
 * Decides how a source lands. Pure.
 *
 * @throws LakeError `invalid-input` `kept-format` when it is not of the one format that was asked for.
 */
export function keptForm(source: KeepableSource, as: "avro" | "jsonl" | "keep"): KeptForm {
  const { uri, format, wrapped } = source;
  const raw = RAW_FORMATS.find((known) => known === format);
  const why =
    raw === undefined ? `it is ${format}` : wrapped === undefined ? undefined : `it is ${format}, ${wrapped}`;
  if (raw !== undefined && why === undefined && (as === "keep" || as === raw))
    return { kind: "kept", format: raw };
  if (as === "keep") {
    const parquet =
      format === "parquet"
        ? "its rows are written to a file of the table's own"
        : "its rows are written as Parquet";
    return { kind: "rewritten", note: why === undefined ? parquet : `${why}: ${parquet}` };
  }
  throw new LakeError(
    "invalid-input",
    "kept-format",
    `${uri} cannot be a data file as ${as}: ${why ?? `it is ${format}`}`,
    {
      context: { file: uri, format },
      hint: "Land it by itself with --as parquet, or use --as keep: what cannot be kept is then written as Parquet.",
    },
  );
}

/** What the decision needs to know of an opened source. */
export async function keepableSource(source: OpenedSource): Promise<KeepableSource> {
  const { uri, format } = source;
  return { uri, format, wrapped: await wrappingOf(source) };
}

const BYTE_ORDER_MARKS = [
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0xfe, 0xff],
] as const;

async function wrappingOf({ compression, files, uri }: OpenedSource): Promise<string | undefined> {
  const [file] = files;
  if (compression !== "none") return `compressed with ${compression}`;
  if (file === undefined || files.length > 1) return "in several files";
  if (file.uri !== uri) return "in an archive";
  const head = await readHead(file);
  const isMarked = BYTE_ORDER_MARKS.some((mark) => mark.every((byte, at) => head[at] === byte));
  return isMarked ? "with a byte order mark" : undefined;
}
