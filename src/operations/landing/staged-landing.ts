import type {
  AddFile,
  Replaced,
  SetTransaction,
  Snapshot,
  StagedCommit,
} from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import type { IngestMode, IngestOptions } from "./ingest-options.js";
import type { IngestedSource } from "./ingest-report.js";
import type { LandingPlan } from "./landing-plan.js";
import type { LandedFile } from "./ledger/landed-file.js";
import type { ReplacedRows } from "./replaced-rows.js";

/** Of so many source files the commit says what they were. */
const MOST_TOLD = 100;

export interface LandingCommit {
  readonly read: Snapshot | undefined;
  readonly options: IngestOptions;
  /** `undefined` where no rows land. */
  readonly plan: LandingPlan | undefined;
  readonly adds: readonly AddFile[];
  /** Source files whose rows land. */
  readonly sourceFiles: number;
  readonly sources: readonly IngestedSource[];
  readonly bytesWritten: bigint;
  readonly landed: readonly LandedFile[];
  readonly replaced: ReplacedRows | undefined;
  readonly transactions: readonly SetTransaction[];
}

/** The commit of a landing. Pure. */
export function stagedLanding(of: LandingCommit): StagedCommit {
  const { read, options, plan, adds, sourceFiles, sources, bytesWritten, landed, replaced, transactions } =
    of;
  const mode = options.mode ?? "append";
  const partitionBy = JSON.stringify(
    plan?.metadata.partitionColumns ?? read?.metadata.partitionColumns ?? [],
  );
  return {
    operation: read === undefined ? "CREATE TABLE AS SELECT" : "WRITE",
    operationParameters:
      read === undefined
        ? { isManaged: "true", partitionBy }
        : {
            mode: mode === "append" ? "Append" : "Overwrite",
            partitionBy,
            ...(mode === "overwrite-partitions" ? { partitionOverwriteMode: "dynamic" } : {}),
          },
    operationMetrics: {
      numFiles: String(adds.length),
      numOutputRows: String(sources.reduce((sum, { rows }) => sum + rows, 0n)),
      numOutputBytes: String(bytesWritten),
      numSourceFiles: String(sourceFiles),
      numRescuedRows: String(sources.reduce((sum, { rescued }) => sum + rescued.rows, 0n)),
      ...(replaced === undefined ? {} : { numDeletedRows: String(replaced.rows) }),
    },
    ...(landed.length === 0
      ? {}
      : {
          provenance: {
            grizzlySources: landed.slice(0, MOST_TOLD).map(({ uri, size, hash }) => ({ uri, size, hash })),
          },
        }),
    protocol: plan?.protocolChanged === true ? plan.protocol : undefined,
    metadata: plan?.metadataChanged === true ? plan.metadata : undefined,
    domains: plan?.domains ?? [],
    adds: [...adds, ...(replaced?.actions.adds ?? [])],
    replaces: replaced?.actions.replaces ?? replacedBy(mode, adds),
    changes: replaced?.actions.changes,
    reads: replaced?.reads ?? [],
    transactions,
    engineInfo: ENGINE_INFO,
  };
}

function replacedBy(mode: IngestMode, adds: readonly AddFile[]): Replaced {
  switch (mode) {
    case "append":
      return { kind: "none" };
    case "overwrite":
      return { kind: "all" };
    case "overwrite-partitions":
      return { kind: "partitions", partitions: adds.map((add) => add.partitionValues) };
  }
}
