export { arrowSchema, engineTypeOfArrow } from "./arrow/index.js";
export { Engine, type EngineOptions } from "./engine.js";
export { toLakeError } from "./errors.js";
export { type ResultColumn, ResultStream } from "./result-stream.js";
export { type LoadOptions, type Parameters, type RunOptions, Session } from "./session.js";
export { quoteIdentifier, quoteString } from "./sql-text.js";
export type { Row, Value } from "./value.js";
