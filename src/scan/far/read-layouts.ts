import { quoteString, type Row, type Session, type Value } from "../../../engine/index.js";
import { globText } from "../file-names.js";
import { explainReadFailure } from "../read-failure.js";
import type { ColumnChunk, FileLayout, RowGroup } from "./file-layout.js";

/** A file whose footer is at hand. */
export interface FileWithFooter {
  /** What it is remembered by: another one where another file took its name. */
  readonly key: string;
  readonly localPath: string;
  /** Bytes before the footer. */
  readonly dataEnd: number;
}

/** Files whose footers are read by one statement: between two of them the work can be cancelled. */
const BATCH_FILES = 200;
/** Column chunks that are remembered; one takes about 300 bytes. */
const MAX_REMEMBERED = 300_000;

/** The layouts of data files. They stay in memory: a footer is read once, not once a query. */
export class FileLayouts {
  readonly #known = new Map<string, FileLayout>();
  #chunks = 0;

  /** The layout of a file that was met before. */
  find(key: string): FileLayout | undefined {
    return this.#known.get(key);
  }

  /**
   * The layout of each file, in their order.
   *
   * @throws LakeError `corrupt` naming the file for one that has no footer.
   */
  async of(
    session: Session,
    files: readonly FileWithFooter[],
    signal: AbortSignal | undefined,
  ): Promise<(FileLayout | undefined)[]> {
    if (this.#chunks > MAX_REMEMBERED) {
      this.#known.clear();
      this.#chunks = 0;
    }
    const met = new Map<string, FileLayout>();
    const unread = [...new Map(files.map((file) => [file.localPath, file])).values()].filter(
      ({ key }) => !this.#known.has(key),
    );
    for (let next = 0; next < unread.length; next += BATCH_FILES) {
      const batch = unread.slice(next, next + BATCH_FILES);
      const layouts = await readLayouts(session, batch, signal);
      for (const { key, localPath } of batch) {
        const layout = layouts.get(localPath);
        if (layout === undefined) continue;
        met.set(key, layout);
        this.#known.set(key, layout);
        this.#chunks += layout.groups.reduce((sum, { chunks }) => sum + chunks.length, 0);
      }
    }
    return files.map(({ key }) => met.get(key) ?? this.#known.get(key));
  }
}

/** By the local path of each file; one without rows has no row group. */
async function readLayouts(
  session: Session,
  files: readonly FileWithFooter[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, FileLayout>> {
  const list = `[${files.map(({ localPath }) => quoteString(globText(localPath))).join(", ")}]`;
  let rows: Row[];
  try {
    rows = await session.rows(
      `SELECT file_name AS file, row_group_id::INTEGER AS row_group, row_group_num_rows::DOUBLE AS rows,
              path_in_schema AS path, stats_null_count AS nulls, stats_min_value AS min, stats_max_value AS max,
              CASE WHEN dictionary_page_offset > 0 THEN least(dictionary_page_offset, data_page_offset)
                ELSE data_page_offset END::DOUBLE AS start, total_compressed_size::DOUBLE AS length,
              bloom_filter_offset::DOUBLE AS bloom, bloom_filter_length::DOUBLE AS bloom_length
       FROM parquet_metadata(${list}) WHERE row_group_id IS NOT NULL`,
      { signal },
    );
  } catch (error) {
    throw await explainReadFailure(session, [list], error);
  }
  const groupsOf = new Map<string, GroupInMaking[]>(files.map(({ localPath }) => [localPath, []]));
  for (const row of rows) {
    const groups = groupsOf.get(String(row["file"]));
    const index = Number(row["row_group"]);
    if (groups === undefined) continue;
    const group = groups[index] ?? { rows: Number(row["rows"]), chunks: [] };
    groups[index] = group;
    group.chunks.push(chunkOf(row));
  }
  return new Map(
    files.map(({ localPath, dataEnd }) => [localPath, { dataEnd, groups: groupsOf.get(localPath) ?? [] }]),
  );
}

interface GroupInMaking extends RowGroup {
  readonly chunks: ColumnChunk[];
}

function chunkOf(row: Row): ColumnChunk {
  const { nulls, bloom, bloom_length: bloomLength } = row;
  return {
    path: String(row["path"]),
    pages: { offset: Number(row["start"]), length: Number(row["length"]) },
    bloom:
      typeof bloom === "number"
        ? { offset: bloom, length: typeof bloomLength === "number" ? bloomLength : undefined }
        : undefined,
    nullCount: typeof nulls === "bigint" ? nulls : undefined,
    min: textOf(row["min"]),
    max: textOf(row["max"]),
  };
}

/** A bound as the writer has it. Bytes that are no text come as `\\xC3`, and would be taken for another one. */
function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" && !value.includes("\\x") ? value : undefined;
}
