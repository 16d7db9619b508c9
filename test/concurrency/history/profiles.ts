import type { FaultRates } from "../../support/faulty-store.js";
import type { OperationMix } from "./operations.js";
import type { TableProfile } from "./run-history.js";

/** What processes do to a table. */
const MIX: OperationMix = {
  append: 30,
  update: 14,
  move: 6,
  delete: 10,
  merge: 14,
  copy: 6,
  compact: 10,
  "add-column": 2,
  "set-property": 3,
  overwrite: 1,
  restore: 1,
};

const DELETION_VECTORS = { "delta.enableDeletionVectors": "true" };
const SERIALIZABLE = { "delta.isolationLevel": "Serializable" };

export const PROFILES: readonly TableProfile[] = [
  { name: "plain", properties: {}, partitioned: false, mix: MIX },
  { name: "deletion vectors", properties: DELETION_VECTORS, partitioned: false, mix: MIX },
  { name: "Serializable", properties: SERIALIZABLE, partitioned: false, mix: MIX },
  { name: "partitioned", properties: {}, partitioned: true, mix: MIX },
  {
    name: "Serializable, partitioned, with deletion vectors",
    properties: { ...SERIALIZABLE, ...DELETION_VECTORS },
    partitioned: true,
    mix: MIX,
  },
];

export const FAULTS: FaultRates = { slow: 0.2, read: 0.003, write: 0.02, death: 0.01, outage: 0.8 };
export const NO_FAULTS: FaultRates = { slow: 0.2, read: 0, write: 0, death: 0, outage: 0 };
