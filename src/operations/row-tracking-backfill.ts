import { LakeError } from "../../core/index.js";
import {
  type AddFile,
  type DeltaTable,
  hasFeature,
  liveAdds,
  type PlannedChange,
  type Protocol,
  type Snapshot,
  type StagedCommit,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import { newProtocolText } from "./table-change.js";

/** How far a table is from being ready for row tracking. */
export type RowTrackingStep =
  /** Every file has row ids: the property may be set. */
  | { readonly status: "ready" }
  /** A step is done; the next one is planned on the version that it made. */
  | {
      readonly status: "committed";
      readonly protocol: Protocol | undefined;
      readonly featuresAdded: readonly string[];
    }
  | { readonly status: "lost-race" };

/**
 * Takes the next step before `delta.enableRowTracking` can be set on a table with rows: first the feature
 * joins the protocol, so that every writer numbers the files it adds; then the files that are there get
 * their row ids (PROTOCOL.md, "Row Tracking", "Row IDs": a backfill may be required).
 *
 * @throws LakeError `unsupported` for files whose number of rows is not told.
 */
export async function prepareRowTracking(
  table: DeltaTable,
  read: Snapshot,
  change: PlannedChange,
  signal: AbortSignal | undefined,
): Promise<RowTrackingStep> {
  const adds = await filesWithoutRowIds(table, read, signal);
  if (adds.length === 0) return { status: "ready" };
  const isSupported = hasFeature(read.protocol, "rowTracking");
  const staged = isSupported ? backfill(adds) : upgrade(change);
  const outcome = await table.commit(read, staged, signal);
  if (outcome.status === "conflict") return { status: "lost-race" };
  return {
    status: "committed",
    protocol: staged.protocol,
    featuresAdded: isSupported ? [] : change.featuresAdded,
  };
}

function upgrade(change: PlannedChange): StagedCommit {
  return {
    ...NOTHING,
    operation: "UPGRADE PROTOCOL",
    operationParameters: { newProtocol: newProtocolText(change) },
    protocol: change.protocol,
  };
}

function backfill(adds: readonly AddFile[]): StagedCommit {
  return {
    ...NOTHING,
    operation: "ROW TRACKING BACKFILL",
    operationParameters: { batchId: "0" },
    operationMetrics: { numAddedFiles: String(adds.length) },
    adds,
    // A file that another writer removes meanwhile must not come back.
    dataChange: false,
  };
}

const NOTHING: Omit<StagedCommit, "operation" | "operationParameters"> = {
  operationMetrics: {},
  adds: [],
  replaces: { kind: "none" },
  engineInfo: ENGINE_INFO,
};

/** The live files without row ids, as adds that change nothing else about them. */
export async function filesWithoutRowIds(
  table: DeltaTable,
  read: Snapshot,
  signal: AbortSignal | undefined,
): Promise<AddFile[]> {
  const files = await read.withFiles(
    ({ relation }) =>
      table.folder.engine.withSession((session) =>
        liveAdds(session, `FROM ${relation} WHERE base_row_id IS NULL ORDER BY path`, signal),
      ),
    signal,
  );
  return files.map(({ add, numRecords }) => {
    if (numRecords !== undefined) return { ...add, dataChange: false };
    throw new LakeError(
      "unsupported",
      "row-count-unknown",
      `${table.where}: the file ${add.path} does not tell how many rows it has, which row ids need`,
      { context: { file: add.path }, hint: "Write its rows again, with statistics." },
    );
  });
}
