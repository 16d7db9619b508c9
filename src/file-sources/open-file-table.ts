import { isLakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import type { LocalTier, StoreOpener } from "../../object-store/index.js";
import { engineText, foldCase } from "../../table-format/index.js";
import { METADATA_COLUMN } from "../scan/metadata-column.js";
import { brokenSource } from "./checked-source.js";
import {
  commonColumns,
  contestedTexts,
  type TextPlace,
  type TypedColumn,
  withoutValuesAt,
} from "./common-columns.js";
import { convertedSql, nullOf } from "./convert-value.js";
import { withExactTexts } from "./exact-texts.js";
import { type FilePart, METADATA_TYPE, openParts } from "./file-parts.js";
import type { FileTable } from "./file-table.js";
import { findFiles } from "./find-files.js";
import { unionSql } from "./union-sql.js";

export interface FileTableOptions {
  /** Whether the query can mean the column `_metadata`. */
  readonly withMetadata: boolean;
  /** Where copies of files are kept that are far away or slow to read; default nowhere. */
  readonly tier?: LocalTier | undefined;
  /** Opens the stores of files that are far away, which a tier must be there for; default none. */
  readonly openStore?: StoreOpener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of all files that a name stands for, as one relation: columns by name, each of a type that holds the values
 * of every file, NULL where a file does not have them.
 *
 * @param name a file, a folder with a slash, or a glob, relative to the folder of the process, or the URI of one
 * @throws LakeError `not-found` for a name that no file has, `invalid-input` for a file that cannot be read,
 *   `unsupported` for one whose scheme no store has.
 */
export async function openFileTable(
  session: Session,
  name: string,
  { withMetadata, tier, openStore, signal }: FileTableOptions,
): Promise<FileTable> {
  const { files, fetched, far } = await findFiles(session, name, { tier, openStore, signal });
  const opened = await openParts(session, files, { withMetadata, tier, far, signal });
  const settled = await withoutEmptyTexts(session, opened, signal);
  const columns = commonColumns(settled.map((part) => part.columns));
  const parts: FilePart[] = [];
  for (const part of settled) parts.push(await withExactTexts(session, part, columns, signal));
  const hidden = withMetadata && !columns.some((column) => foldCase(column.name) === METADATA_COLUMN);
  const threads = parts.flatMap((part) => part.threads ?? []);
  return {
    label: name,
    columns: columns.map((column) => ({ name: column.name, type: engineText(column.type) })),
    sql: unionSql(parts.map((part) => selectSql(part, columns, hidden))),
    metadataType: hidden ? METADATA_TYPE : undefined,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + BigInt(size), 0n),
    fetched,
    threads: threads.length === 0 ? undefined : Math.max(...threads),
    fetchColumns: async (read) => {
      // Which columns the engine reads of each part of a union is its own decision.
      for (const part of parts) await part.fetchColumns?.(parts.length === 1 ? read : "all");
    },
    explain: (failure) => explained(session, parts, failure),
  };
}

function selectSql(part: FilePart, columns: readonly TypedColumn[], withMetadata: boolean): string {
  const values = columns.map(({ name, type }) => {
    const own = part.columns.find((column) => foldCase(column.name) === foldCase(name));
    const value =
      own === undefined ? nullOf(type) : convertedSql(`r.${quoteIdentifier(own.name)}`, own.type, type);
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  if (withMetadata) values.push(`${part.metadata} AS ${METADATA_COLUMN}`);
  return `SELECT ${values.join(", ")} FROM ${part.from}`;
}

/** A column that is text in one file for it holds no value there takes the type that it has in the others. */
async function withoutEmptyTexts(
  session: Session,
  parts: readonly FilePart[],
  signal: AbortSignal | undefined,
): Promise<FilePart[]> {
  const all = parts.map((part) => part.columns);
  const settled: FilePart[] = [];
  for (const part of parts) {
    const places = part.isSoonRead ? contestedTexts(part.columns, all) : [];
    if (places.length === 0) {
      settled.push(part);
      continue;
    }
    await part.fetchColumns?.(places.map(({ path: [column = ""] }) => column));
    const counts = places.map((place, index) => `${countSql(place)} AS n${index}`);
    const [row] = await session.rows(`SELECT ${counts.join(", ")} FROM ${part.from}`, { signal });
    const empty = places.filter((_, index) => String(row?.[`n${index}`] ?? 0) === "0");
    settled.push({ ...part, columns: empty.reduce(withoutValuesAt, part.columns) });
  }
  return settled;
}

function countSql({ path: [column = "", ...fields], isList }: TextPlace): string {
  const value = fields.reduce(
    (sql, field) => `struct_extract(${sql}, ${quoteString(field)})`,
    `r.${quoteIdentifier(column)}`,
  );
  return isList
    ? `sum(len(list_filter(${value}, lambda gl_item: gl_item IS NOT NULL)))::BIGINT`
    : `count(${value})`;
}

/** A query fails for what is in its files, or for what is asked of them: only reading them again tells. */
async function explained(session: Session, parts: readonly FilePart[], failure: unknown): Promise<unknown> {
  if (!isLakeError(failure) || !MAY_BE_THE_FILES.has(failure.kind)) return failure;
  if (
    failure.code === "engine-binder" ||
    failure.code === "engine-parser" ||
    failure.code === "engine-catalog"
  )
    return failure;
  const seen = new Set<FilePart["sources"]>();
  for (const { sources } of parts) {
    if (seen.has(sources)) continue;
    seen.add(sources);
    try {
      for await (const ready of sources()) {
        const broken = await brokenSource(session, [ready]);
        if (broken !== undefined) return broken;
      }
    } catch (error) {
      return error;
    }
  }
  return failure;
}

const MAY_BE_THE_FILES: ReadonlySet<string> = new Set([
  "invalid-input",
  "corrupt",
  "unavailable",
  "internal",
]);
