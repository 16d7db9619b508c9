import { isJsonObject, type JsonObject, type JsonValue, LakeError, parseJson } from "../../core/index.js";
import { type Engine, quoteString, type Session } from "../../engine/index.js";
import { parseEngineType } from "../../table-format/index.js";
import { globText } from "./file-names.js";
import { type FileShape, fileShape, type SchemaNode } from "./file-shape.js";
import { explainReadFailure } from "./read-failure.js";

/** Footers read by one statement: between two of them the work can be cancelled. */
const BATCH_FILES = 2_000;
/** Shapes that are remembered; a data file is written once, and keeps its shape. */
const MAX_REMEMBERED = 200_000;

/** A data file; `stamp` is another one where another file took its name. */
export interface StoredFile {
  readonly file: string;
  readonly stamp: string;
}

interface Remembered {
  readonly stamp: string;
  readonly shape: FileShape;
}

/**
 * The shapes of data files. They stay in memory: a table's files are looked at once, not once a query. Files
 * with the same columns have one and the same shape.
 */
export class FileShapes {
  readonly #byFile = new Map<string, Remembered>();
  readonly #bySchema = new Map<string, FileShape>();

  /**
   * The shape of each file, in their order. Reads the footers of those that it has not met.
   *
   * @throws LakeError `corrupt` for a file that is not there or has no footer.
   */
  async of(
    session: Session,
    files: readonly StoredFile[],
    signal: AbortSignal | undefined,
  ): Promise<(FileShape | undefined)[]> {
    if (this.#byFile.size > MAX_REMEMBERED) {
      this.#byFile.clear();
      this.#bySchema.clear();
    }
    // The engine runs the schemas of one file together when it is named twice.
    const unread = files.filter(({ file, stamp }) => this.#byFile.get(file)?.stamp !== stamp);
    const unknown = [...new Map(unread.map((file) => [file.file, file])).values()];
    for (let next = 0; next < unknown.length; next += BATCH_FILES) {
      const batch = unknown.slice(next, next + BATCH_FILES);
      const list = `[${batch.map(({ file }) => quoteString(globText(file))).join(", ")}]`;
      try {
        const shapes = await this.#read(session, list, signal);
        for (const { file, stamp } of batch) {
          const shape = shapes.get(file);
          if (shape !== undefined) this.#byFile.set(file, { stamp, shape });
        }
      } catch (error) {
        throw await explainReadFailure(session, [list], error);
      }
    }
    return files.map(({ file }) => this.#byFile.get(file)?.shape);
  }

  async #read(
    session: Session,
    list: string,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, FileShape>> {
    const shapes = new Map<string, FileShape>();
    const rows = await session.rows(
      `SELECT schema, list(file_name) AS files FROM (
         SELECT file_name, CAST(to_json(list({name: name, id: field_id, children: num_children,
             repetition: repetition_type, type: duckdb_type, logical: logical_type} ORDER BY column_id)) AS VARCHAR) AS schema
         FROM parquet_schema(${list}) GROUP BY file_name)
       GROUP BY schema`,
      { signal },
    );
    for (const row of rows) {
      const names = Array.isArray(row["files"]) ? row["files"].map(String) : [];
      const [first] = names;
      if (first === undefined) continue;
      const schema = String(row["schema"]);
      const shape = this.#bySchema.get(schema) ?? (await shapeOf(session, first, schema, signal));
      this.#bySchema.set(schema, shape);
      for (const name of names) shapes.set(name, shape);
    }
    return shapes;
  }
}

/** The shapes that an engine's sessions have met. */
const SHAPES = new WeakMap<Engine, FileShapes>();

/** The shapes that the sessions of an engine share. */
export function fileShapesOf(engine: Engine): FileShapes {
  const shapes = SHAPES.get(engine) ?? new FileShapes();
  SHAPES.set(engine, shapes);
  return shapes;
}

async function shapeOf(
  session: Session,
  file: string,
  schema: string,
  signal: AbortSignal | undefined,
): Promise<FileShape> {
  const columns = await session.rows(
    `DESCRIBE FROM read_parquet(${quoteString(globText(file))}, hive_partitioning = false)`,
    { signal },
  );
  return fileShape(
    schemaTree(parseJson(schema)),
    columns.map((row) => ({
      name: String(row["column_name"]),
      type: parseEngineType(String(row["column_type"])),
    })),
  );
}

/**
 * The tree of a Parquet schema, whose elements stand in the order of a walk from the root, each with the
 * number of its children (parquet-format parquet.thrift, SchemaElement).
 */
export function schemaTree(elements: JsonValue): SchemaNode {
  const rest = (Array.isArray(elements) ? elements : []).filter(isJsonObject);
  let next = 0;
  const take = (): SchemaNode => {
    const element = rest[next++];
    if (element === undefined)
      throw new LakeError("internal", "file-shape", "a Parquet schema ends too early");
    const children = Array.from({ length: Number(element["children"] ?? 0) }, take);
    return {
      name: String(element["name"]),
      id: idOf(element),
      isRepeated: element["repetition"] === "REPEATED",
      children,
    };
  };
  return take();
}

function idOf(element: JsonObject): number | undefined {
  const id = element["id"];
  return id === null || id === undefined ? undefined : Number(id);
}
