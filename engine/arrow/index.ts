export { arrowSchema } from "./arrow-type.js";
export { engineTypeOfArrow } from "./engine-type.js";
export { loadArrow } from "./load.js";
export { recordBatch } from "./record-batch.js";
