export { type MissingFile, missingFiles } from "./missing-files.js";
export { type PlannedRestore, planRestore } from "./plan-restore.js";
export { type FileDifference, restoredFiles } from "./restored-files.js";
