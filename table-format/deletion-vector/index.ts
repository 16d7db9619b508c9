export { DELETED_ROWS_SCHEMA, deletedRowBatches } from "./deleted-rows.js";
export {
  type DeletionVectorDescriptor,
  type DeletionVectorStorage,
  deletionVectorId,
  deletionVectorJson,
  deletionVectorPath,
  parseDeletionVectorDescriptor,
} from "./descriptor.js";
export {
  type LoadDeletionVectorsOptions,
  type LoadedDeletionVector,
  loadDeletionVectors,
  type WantedDeletionVector,
} from "./load.js";
export { RowIndexSet } from "./row-index-set.js";
export { RowIndexSetBuilder, rowIndexSetOf } from "./row-index-set-builder.js";
export { decodeInline, encodeInline } from "./stored-form.js";
export { DeletionVectorWriter, type DeletionVectorWriterOptions } from "./write.js";
