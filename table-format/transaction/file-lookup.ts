import { stringifyJson } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { pathKeySql } from "../log/path-key.js";
import type { Predicate } from "../skipping/predicate.js";
import { skippingSql } from "../skipping/skipping.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { ChangedFile } from "./winning-commit.js";

/** Those of the files that may hold a row of the predicate; the others hold none for certain. */
export type FilesHolding = (
  files: readonly ChangedFile[],
  predicate: Predicate,
  signal?: AbortSignal,
) => Promise<readonly ChangedFile[]>;

/** Files that the engine is asked about at once. */
const BATCH = 10_000;

/**
 * Tells files of other writers' commits by their partition values and statistics, as data skipping does with
 * the files of a version. A removed file that its `remove` says too little of is looked up in the version that
 * was read.
 */
export function filesHolding(read: Snapshot): FilesHolding {
  return async (files, predicate, signal) => {
    const holding: ChangedFile[] = [];
    for (let from = 0; from < files.length; from += BATCH) {
      const batch = files.slice(from, from + BATCH);
      holding.push(...(await holdingOf(read, batch, predicate, signal)));
    }
    return holding;
  };
}

async function holdingOf(
  read: Snapshot,
  files: readonly ChangedFile[],
  predicate: Predicate,
  signal: AbortSignal | undefined,
): Promise<readonly ChangedFile[]> {
  const { engine } = read.folder;
  const wanted = skippingSql(predicate, {
    schema: read.schema,
    partitionColumns: read.metadata.partitionColumns,
    configuration: read.metadata.configuration,
  });
  const byThemselves = await engine.withSession((session) =>
    placesOf(session, `SELECT place FROM ${LISTED} WHERE ${wanted}`, files, signal),
  );
  const bare = byThemselves.filter((file) => file.change === "removed" && file.stats === undefined);
  if (bare.length === 0) return byThemselves;
  const kept = await read.withFiles(
    ({ relation }) => engine.withSession((session) => placesOf(session, withKnown(relation), bare, signal)),
    signal,
  );
  const gone = new Set(bare.filter((file) => !kept.includes(file)));
  return byThemselves.filter((file) => !gone.has(file));

  function withKnown(relation: string): string {
    const key = (path: string): string => pathKeySql(path, read.folder.store.uri);
    return `SELECT place FROM (
        SELECT listed.place, coalesce(known.partition_values, listed.partition_values) AS partition_values, known.stats
        FROM ${LISTED} AS listed LEFT JOIN ${relation} AS known ON ${key("listed.path")} = ${key("known.path")}
      ) WHERE ${wanted}`;
  }
}

/** A relation of the files in the parameter `$1`, JSON, as data skipping wants them; `place` counts from 0. */
const LISTED = `(SELECT file.* FROM (SELECT unnest(from_json($1,
    '[{"place":"BIGINT","path":"VARCHAR","partition_values":"MAP(VARCHAR, VARCHAR)","stats":"VARCHAR"}]'
  )) AS file))`;

/** @param sql a query over {@link LISTED} that gives places */
async function placesOf(
  session: Session,
  sql: string,
  files: readonly ChangedFile[],
  signal: AbortSignal | undefined,
): Promise<readonly ChangedFile[]> {
  const listed = files.map(({ path, partitionValues, stats }, place) => ({
    place,
    path,
    partition_values: partitionValues,
    stats: stats ?? null,
  }));
  const rows = await session.rows(sql, { parameters: [stringifyJson(listed)], signal });
  return rows.flatMap((row) => files[Number(row["place"])] ?? []);
}
