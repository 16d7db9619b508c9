export { type S3Endpoint, type S3EndpointOptions, startS3Endpoint } from "./endpoint.js";
export { type S3EndpointProcess, startS3EndpointProcess } from "./endpoint-process.js";
export {
  drawnS3Faults,
  type Fault,
  type FaultPlan,
  type FaultRequest,
  type FaultSwitches,
  type S3FaultRates,
  type Throttle,
} from "./fault.js";
export type { S3ErrorCode } from "./refusal.js";
export type { S3Operation } from "./request.js";
export type { S3LogEntry, S3Traffic } from "./traffic.js";
