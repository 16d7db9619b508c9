import { isRawFileSql, type Snapshot } from "../../table-format/index.js";

/** Raw files that are live in a version. */
export interface LiveRawFiles {
  readonly count: number;
  /** Bytes. */
  readonly size: bigint;
  /** The path of one of them, as the log has it; `undefined` when there are none. */
  readonly first: string | undefined;
}

/** Looks for raw files among the live files of a version. */
export function liveRawFiles(snapshot: Snapshot, signal?: AbortSignal): Promise<LiveRawFiles> {
  return snapshot.withFiles(
    ({ relation }) =>
      snapshot.folder.engine.withSession(async (session) => {
        const [row] = await session.rows(
          `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes, min(path) AS first FROM ${relation} WHERE ${isRawFileSql()}`,
          { signal },
        );
        const first = row?.["first"];
        return {
          count: Number(row?.["files"] ?? 0),
          size: BigInt(String(row?.["bytes"] ?? 0)),
          first: typeof first === "string" ? first : undefined,
        };
      }),
    signal,
  );
}
