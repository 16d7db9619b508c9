export { CountingStore, type StoreCounts, type StoreVerb, type VerbCount } from "./counting.js";
export { LocalStore } from "./local.js";
export { LocalTier, type LocalTierOptions, type TierLease, type TierUsage } from "./local-tier/local-tier.js";
export type {
  ByteSpan,
  FetchCounts,
  FetchOptions,
  ObjectLease,
  ObjectLeaseOptions,
  RemoteObject,
} from "./local-tier/object-lease.js";
export { newProcessFolder, sweepProcessFolders } from "./local-tier/process-folder.js";
export { MemoryStore } from "./memory.js";
export { isObjectAbsent } from "./object-absent.js";
export { compareUtf8, isObjectPath, objectPath } from "./object-path.js";
export type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  PutOptions,
  ReadOptions,
} from "./object-store.js";
export { openStore, type StoreOpener, type StoreOptions } from "./open.js";
export { S3Store } from "./s3/s3.js";
export type { S3Credentials, S3Encryption, S3Options } from "./s3/s3-options.js";
