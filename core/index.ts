export { cancelledError, delay, throwIfCancelled } from "./cancellation.js";
export { type Clock, systemClock } from "./clock.js";
export { crc32 } from "./crc32.js";
export {
  type ErrorContext,
  type ErrorKind,
  isLakeError,
  LakeError,
  type LakeErrorOptions,
  messageOf,
  unreachable,
} from "./errors.js";
export { newUuid } from "./ids.js";
export {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from "./json.js";
export { type Logger, silentLogger } from "./log.js";
export { mapParallel } from "./parallel.js";
