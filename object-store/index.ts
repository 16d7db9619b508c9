export { CountingStore, type StoreCounts, type StoreVerb, type VerbCount } from "./counting.js";
export { LocalStore } from "./local.js";
export { LocalTier, type LocalTierOptions, type TierLease, type TierUsage } from "./local-tier/local-tier.js";
export { MemoryStore } from "./memory.js";
export { compareUtf8, isObjectPath, objectPath } from "./object-path.js";
export type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  PutOptions,
} from "./object-store.js";
export { openStore, type StoreOpener } from "./open.js";
