import { isJsonObject, LakeError, parseJson } from "../../core/index.js";
import type { Row, Session } from "../../engine/index.js";
import { type FileTable, parseDeletionVectorDescriptor } from "../../table-format/index.js";
import type { FileWithVector } from "./deletion-vectors.js";
import type { UngroupedFiles } from "./file-groups.js";
import type { FileShape } from "./file-shape.js";
import type { ShapedFile } from "./group-assignment.js";
import { fileShapesOf, type StoredFile } from "./read-shapes.js";

/** A file whose shape had to be looked up, or with a deletion vector. */
export interface SpecialFile extends ShapedFile {
  /** Among the files that are kept. */
  readonly place: number;
}

/** What is known of a version's files, by their position; `undefined` for one that is not special. */
const KNOWN = new WeakMap<FileTable, Map<number, ShapedFile | undefined>>();

/** The files that need a look into their footers, or have a deletion vector, in order. */
export async function specialFiles(
  session: Session,
  files: UngroupedFiles,
  signal: AbortSignal | undefined,
): Promise<SpecialFile[]> {
  const { table, positions, hiddenColumns } = files;
  // What is told of a file does not tell its hidden columns.
  if (positions === undefined || hiddenColumns.length > 0) return findSpecial(session, files, signal);
  const known = KNOWN.get(table) ?? new Map<number, ShapedFile | undefined>();
  KNOWN.set(table, known);
  if (positions.some((position) => !known.has(position))) {
    const found = await findSpecial(session, files, signal);
    for (const position of positions) known.set(position, undefined);
    for (const { place, shape, vector } of found) known.set(positions[place] ?? -1, { shape, vector });
    return found;
  }
  return positions.flatMap((position, place): SpecialFile[] => {
    const file = known.get(position);
    return file === undefined ? [] : [{ place, ...file }];
  });
}

interface FoundFile extends StoredFile {
  readonly place: number;
  readonly isTold: boolean;
  readonly vector: FileWithVector | undefined;
}

async function findSpecial(
  session: Session,
  { keptSql, snapshot, declared }: UngroupedFiles,
  signal: AbortSignal | undefined,
): Promise<SpecialFile[]> {
  const rows = await session.rows(
    `SELECT place::INTEGER AS place, read_file AS file, size, modification_time, is_told,
            CAST(to_json(deletion_vector) AS VARCHAR) AS vector,
            TRY_CAST(json_extract_string(stats, '$.numRecords') AS BIGINT) AS records
     FROM (SELECT *, row_number() OVER (ORDER BY position) - 1 AS place FROM (${keptSql}))
     WHERE NOT is_told OR deletion_vector IS NOT NULL ORDER BY place`,
    { signal },
  );
  const found = rows.map(foundFile);
  const untold = found.filter(({ isTold }) => !isTold);
  const shapes = await fileShapesOf(snapshot.folder.engine).of(session, untold, signal);
  const shapeOf = new Map(untold.map((file, index) => [file, shapes[index]]));
  return found.map((file) => {
    const shape: FileShape | undefined = file.isTold ? declared : shapeOf.get(file);
    if (shape !== undefined) return { place: file.place, shape, vector: file.vector };
    throw new LakeError("internal", "file-shape", `the engine has not told the schema of ${file.file}`);
  });
}

function foundFile(row: Row): FoundFile {
  return {
    place: Number(row["place"]),
    file: String(row["file"]),
    stamp: `${String(row["size"])} ${String(row["modification_time"])}`,
    isTold: row["is_told"] === true,
    vector: vectorOf(row),
  };
}

function vectorOf(row: Row): FileWithVector | undefined {
  const json = typeof row["vector"] === "string" ? parseJson(row["vector"]) : null;
  if (!isJsonObject(json)) return undefined;
  return {
    file: String(row["file"]),
    descriptor: parseDeletionVectorDescriptor(json),
    numRecords: typeof row["records"] === "bigint" ? row["records"] : undefined,
  };
}
