import { LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { DeltaTable } from "../delta-table.js";
import type { Metadata } from "../log/actions.js";
import { inCommitTimestamps } from "../log/in-commit-timestamps.js";
import { listLog } from "../log/log-listing.js";
import { isOn } from "../protocol/feature.js";
import { columnMappingMode } from "../schema/index.js";
import { Snapshot } from "../snapshot/snapshot.js";
import { ChangeActions } from "./change-files.js";
import { commitsOf } from "./commits.js";
import { checkReadableAs } from "./compatible-schema.js";
import { CHANGE_TYPE, COMMIT_TIMESTAMP, COMMIT_VERSION, feedMetadata } from "./feed-schema.js";
import { type ChangeRange, resolveRange, type VersionRange } from "./range.js";

/**
 * The row changes of a range of versions: a relation over files, some of which are read whole, some in part,
 * and some, the change data files, as they are. Their file table has the columns that change-files.ts
 * describes. The snapshots say how the files of each part are to be read; their schema is the
 * one of the range's last version with the feed's columns after it, in which all of them agree.
 */
export interface ChangeFeed extends VersionRange {
  /** Of the part `file`: the feed's columns are partition columns. It has the files of all parts. */
  readonly wholeFiles: Snapshot;
  /**
   * Of the part `row`: as `wholeFiles`, and rows have ids, which `_metadata.row_id` tells: the file's ordinal,
   * shifted left by `ROW_INDEX_BITS`, and the row's index.
   */
  readonly changedRows: Snapshot;
  /** Of the part `data`: the files have the column `_change_type`. */
  readonly dataFiles: Snapshot;
}

/**
 * Finds the changes of a range (PROTOCOL.md, "Change Data Files" and "Add CDC File"). Of the log only the
 * commits of the range are read. Retire `wholeFiles` when the feed is not needed any more.
 *
 * @throws LakeError `invalid-input` for a range that ends before it begins and for a version without a change
 *   feed; `not-found` for a range that does not exist or whose log was cleaned up; `unsupported` when columns
 *   changed within the range so that the rows have no common form.
 */
export async function openChangeFeed(
  table: DeltaTable,
  range: ChangeRange,
  signal?: AbortSignal,
): Promise<ChangeFeed> {
  const { folder, where } = table;
  const newest = await table.snapshot(undefined, signal);
  const listing = await listLog(folder.store, undefined, signal);
  const own = inCommitTimestamps(newest);
  const log = { store: folder.store, where, listing, newest: newest.version, own };
  const versions = await resolveRange(log, range, signal);
  const { first, last } = versions;
  const commits = commitsOf(listing, versions, where);
  const end = last === newest.version ? newest : await table.snapshot({ version: last }, signal);
  const parts = partsOf(end);
  await folder.engine.withSession((session) =>
    ChangeActions.with(
      folder,
      session,
      commits,
      async (actions) => {
        const changed = await actions.metadata();
        const known = async (): Promise<Metadata> => {
          if (!changed.some(({ version }) => version > first)) return end.metadata;
          return (await table.snapshot({ version: first }, signal)).metadata;
        };
        if (commits.length > 0) {
          const [begin] = changed;
          const start = begin?.version === first ? [] : [{ version: first, metadata: await known() }];
          checkRange([...start, ...changed], end.metadata, versions, where);
        }
        await parts.wholeFiles.makeFiles(
          ({ target }) => actions.fill(target, own?.since, end.metadata.partitionColumns.length > 0),
          session,
          signal,
        );
      },
      signal,
    ),
  );
  return { ...versions, ...parts };
}

/**
 * The changes of one commit, of the log or not in it yet, whether the feed is on or off. Retire `wholeFiles` when
 * they are not needed any more.
 *
 * @param after the version that the commit makes; its segment has the commit
 * @throws LakeError `corrupt`; `not-found` when the commit was cleaned up.
 */
export async function changesOfCommit(after: Snapshot, signal?: AbortSignal): Promise<ChangeFeed> {
  const { folder, metadata, version, segment } = after;
  const where = folder.store.uri;
  const { commit: file } = segment;
  if (file === undefined) {
    throw new LakeError(
      "not-found",
      "changes-cleaned-up",
      `${where}: the commit of version ${version} is gone`,
    );
  }
  const parts = partsOf(after);
  const fill = (actions: ChangeActions, session: Session): Promise<void> =>
    parts.wholeFiles.makeFiles(
      ({ target }) => actions.fill(target, undefined, metadata.partitionColumns.length > 0),
      session,
      signal,
    );
  await folder.engine.withSession((session) =>
    ChangeActions.with(
      folder,
      session,
      [{ file, timestamp: file.lastModified }],
      (actions) => fill(actions, session),
      signal,
    ),
  );
  return { first: version, last: version, ...parts };
}

/** The parts of a feed that ends with a version; without files yet. */
function partsOf(end: Snapshot): Pick<ChangeFeed, "wholeFiles" | "changedRows" | "dataFiles"> {
  const { folder } = end;
  const feed = (perFile: readonly string[], configuration: Readonly<Record<string, string>>): Snapshot => {
    const metadata = feedMetadata(end.metadata, perFile, configuration, folder.store.uri);
    return new Snapshot(folder, end.segment, { ...end.state, metadata });
  };
  const { configuration } = end.metadata;
  const everyColumn = [CHANGE_TYPE, COMMIT_VERSION, COMMIT_TIMESTAMP];
  return {
    wholeFiles: feed(everyColumn, configuration),
    changedRows: feed(everyColumn, withRowIds(configuration)),
    dataFiles: feed([COMMIT_VERSION, COMMIT_TIMESTAMP], byName(configuration)),
  };
}

/** Checks the metadata at the range's first version and all that came within it. */
function checkRange(
  all: readonly { readonly version: bigint; readonly metadata: Metadata }[],
  newest: Metadata,
  { first, last }: VersionRange,
  where: string,
): void {
  const off = all.find(({ metadata }) => !isOn(metadata, "delta.enableChangeDataFeed"));
  if (off !== undefined) throw withoutFeed(off.version, { first, last }, where);
  for (const { version, metadata } of all) checkReadableAs(newest, metadata, { where, version, end: last });
}

function withoutFeed(version: bigint, { first, last }: VersionRange, where: string): LakeError {
  return new LakeError(
    "invalid-input",
    "change-feed-off",
    `${where} recorded no changes at version ${version}, which is within the range ${first} to ${last}`,
    {
      context: { version },
      hint: "Changes are recorded while delta.enableChangeDataFeed is true: set it, and ask for versions from then on.",
    },
  );
}

/** Files know their rows by an id then (PROTOCOL.md, "Row IDs"); those that they may hold are passed over. */
function withRowIds(configuration: Readonly<Record<string, string>>): Record<string, string> {
  const other = Object.entries(configuration).filter(([name]) => !name.startsWith("delta.rowTracking."));
  return { ...Object.fromEntries(other), "delta.enableRowTracking": "true" };
}

/**
 * The writer of a change data file may have left its column `_change_type` without an id. All columns have
 * their physical names in files, whatever the mode (PROTOCOL.md, "Writer Requirements for Column Mapping").
 */
function byName(configuration: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (columnMappingMode(configuration) !== "id") return configuration;
  return { ...configuration, "delta.columnMapping.mode": "name" };
}
