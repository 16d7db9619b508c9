export { arrowSchema } from "./arrow-type.js";
export { engineTypeOfArrow } from "./engine-type.js";
export { loadArrow } from "./load.js";
export { RecordBatchBuilder } from "./record-batch.js";
