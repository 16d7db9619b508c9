import { quoteString, type Session } from "../../engine/index.js";
import type { Metadata } from "../log/actions.js";
import { columnMappingMode, engineText, parseEngineType, type StructType } from "../schema/index.js";
import { leafColumns } from "../skipping/statistics-columns.js";
import { addColumnsSql, addStruct, byFormat, checkpointSql, parquetSql } from "./action-columns.js";
import { statisticsTextSql, statisticsType } from "./checkpoint-statistics.js";

/**
 * SELECTs over the files of a checkpoint, sidecars included, that give the columns of a file table and have
 * `add` as a struct for a WHERE: rows whose `add` is NULL are among them. Where a writer left the text of
 * the statistics out, it is made of their struct.
 *
 * @param instants see {@link instantPaths}
 */
export async function checkpointAdds(
  session: Session,
  files: readonly string[],
  instants: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<string[]> {
  const { json, parquet } = byFormat(files);
  const sources: string[] = [];
  if (json.length > 0) {
    sources.push(`SELECT ${addColumnsSql("add")} FROM ${checkpointSql(json, { add: addStruct() })}`);
  }
  if (parquet.length > 0) {
    const all = `read_parquet([${parquet.map(quoteString).join(", ")}], union_by_name = true)`;
    const columns = await session.columns(`SELECT * FROM ${all}`, signal);
    const add = columns.find((column) => column.name === "add");
    const statistics = add === undefined ? undefined : statisticsType(add.type);
    const stats =
      statistics === undefined
        ? "add.stats"
        : `coalesce(add.stats, ${statisticsTextSql("add.stats_parsed", statistics, instants)})`;
    const wanted = addStruct(statistics);
    const has = parquet.length === 1 && add !== undefined ? fieldsAsWanted(add.type, wanted) : undefined;
    sources.push(
      // With types of ours the engine scans a file on one thread.
      has !== undefined && ["path", "stats", "deletionVector"].every((name) => has.has(name))
        ? `SELECT ${addColumnsSql("add", stats, undefined, has)} FROM ${all}`
        : `SELECT ${addColumnsSql("add", stats)} FROM ${parquetSql(parquet, { add: wanted })}`,
    );
  }
  return sources;
}

/** The fields that a struct has of another one; `undefined` where one has another type. */
function fieldsAsWanted(type: string, wanted: string): ReadonlySet<string> | undefined {
  const [has, wants] = [parseEngineType(type), parseEngineType(wanted)];
  if (has.kind !== "struct" || wants.kind !== "struct") return undefined;
  const texts = new Map(has.fields.map((field) => [field.name, engineText(field.type)]));
  const there = wants.fields.filter((field) => texts.has(field.name));
  return there.every((field) => texts.get(field.name) === engineText(field.type))
    ? new Set(there.map((field) => field.name))
    : undefined;
}

/**
 * The physical paths, as JSON lists, of a table's columns that are timestamps with a zone: the engine does
 * not tell an INT96 of a checkpoint from a timestamp without one.
 */
export function instantPaths(
  schema: StructType,
  { configuration }: Pick<Metadata, "configuration">,
): ReadonlySet<string> {
  const leaves = leafColumns(schema, columnMappingMode(configuration));
  const instants = leaves.filter((leaf) => leaf.type.type === "timestamp");
  return new Set(instants.map((leaf) => JSON.stringify(leaf.physicalPath)));
}
