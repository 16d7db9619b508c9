export { type FeatureSupport, isOn, type TableFeature } from "./feature.js";
export { findFeature, findFeatureIgnoringCase, knownFeatures } from "./feature-registry.js";
export {
  checkProtocol,
  checkReadable,
  checkWritable,
  hasFeature,
  readerFeatures,
  writerFeatures,
} from "./features.js";
export { parseInterval } from "./interval.js";
export { changedProtocol, newProtocol, protocolFor, usesTimestampNtz } from "./new-protocol.js";
export { type AskedProperties, askedProperties } from "./property-change.js";
export { propertyRule, settableProperties } from "./property-registry.js";
export { isAppendOnly } from "./table-properties.js";
export {
  missingFeatures,
  type ProtocolChange,
  protocolFeatures,
  protocolOf,
  upgradeProtocol,
  withoutFeature,
} from "./upgrade.js";
