import {
  isJsonObject,
  isLakeError,
  type JsonValue,
  LakeError,
  mapParallel,
  parseJson,
  stringifyJson,
} from "../core/index.js";
import { isObjectAbsent, type ObjectPath, type ObjectStore, objectPath } from "../object-store/index.js";
import { type CatalogAction, parseEntry } from "./actions.js";
import { parseCheckpoint, serializeCheckpoint } from "./checkpoint.js";
import { applyAction, type CatalogState, EMPTY_STATE } from "./state.js";

// The log of the catalog, in the store of the lake:
//   _grizzly/catalog/00000000000000000007.json              entry 7, put if absent, never changed
//   _grizzly/catalog/00000000000000000019.checkpoint.json   the state after entry 19
//   _grizzly/catalog/_last_checkpoint                       {"version":19}, a hint that may be missing or stale
const FOLDER = "_grizzly/catalog";
const HINT_PATH = objectPath(`${FOLDER}/_last_checkpoint`);
const FILE_NAME = /\/(\d{20})(\.checkpoint)?\.json$/;
const READS_AT_ONCE = 8;
/** What a store lists in one request. */
const MOST_LISTED = 1_000;

/** A checkpoint is due this many entries after the last one. */
export const CHECKPOINT_INTERVAL = 20;

/** The state as loaded, and where loading it began. */
export interface LoadedCatalog {
  readonly state: CatalogState;
  /** The version of the newest checkpoint seen; -1 when there is none. */
  readonly lastCheckpoint: number;
}

interface LogListing {
  /** Versions, ascending. */
  readonly entries: readonly number[];
  readonly checkpoints: readonly number[];
  /** Whether the log ends with what was listed. */
  readonly isComplete: boolean;
}

/** An entry, and what is in it. */
interface ReadEntry {
  readonly version: number;
  readonly actions: readonly CatalogAction[];
}

export function entryPath(version: number): ObjectPath {
  return objectPath(`${FOLDER}/${digits(version)}.json`);
}

function checkpointPath(version: number): ObjectPath {
  return objectPath(`${FOLDER}/${digits(version)}.checkpoint.json`);
}

function digits(version: number): string {
  return String(version).padStart(20, "0");
}

/**
 * Loads the newest state: one checkpoint, and the entries after it. A lake without a log is empty.
 *
 * @throws LakeError `corrupt` for a gap or a broken file, `unsupported` for an unknown action.
 */
export async function loadCatalog(store: ObjectStore, signal?: AbortSignal): Promise<LoadedCatalog> {
  const listing = await newestListing(store, signal);
  const newest = listing.checkpoints.at(-1);
  const reading = newest === undefined ? EMPTY_STATE : readCheckpoint(store, newest, signal);
  const [state, entries] = await Promise.all([reading, readListed(store, newest ?? -1, listing, signal)]);
  return { state: entries.reduce(applyRead, state), lastCheckpoint: newest ?? -1 };
}

/** The log from its last checkpoint on, or all of it. */
async function newestListing(store: ObjectStore, signal: AbortSignal | undefined): Promise<LogListing> {
  const isFar = store.localPath(HINT_PATH) === undefined;
  const whole = isFar ? listLog(store, 0, signal, MOST_LISTED) : undefined;
  // While the hint is on its way, a listing says as much of a catalog that is not large.
  const [hint, early] = await Promise.all([readHint(store, signal), whole]);
  if (early?.isComplete === true) return early;
  const listing = await listLog(store, hint ?? 0, signal);
  if (hint === undefined || listing.checkpoints.includes(hint)) return listing;
  return listLog(store, 0, signal);
}

/** Applies the entries that came after a loaded state. */
export async function catchUp(
  store: ObjectStore,
  { state, lastCheckpoint }: LoadedCatalog,
  signal?: AbortSignal,
): Promise<LoadedCatalog> {
  const caughtUp = await replay(store, state, await listLog(store, state.version + 1, signal), signal);
  return { ...caughtUp, lastCheckpoint: Math.max(lastCheckpoint, caughtUp.lastCheckpoint) };
}

/** Writes the checkpoint of a state, then the hint to it. */
export async function writeCheckpoint(store: ObjectStore, state: CatalogState): Promise<void> {
  await store.put(checkpointPath(state.version), serializeCheckpoint(state));
  await store.put(HINT_PATH, new TextEncoder().encode(stringifyJson({ version: state.version })));
}

async function listLog(
  store: ObjectStore,
  from: number,
  signal: AbortSignal | undefined,
  most = Number.POSITIVE_INFINITY,
): Promise<LogListing> {
  const entries: number[] = [];
  const checkpoints: number[] = [];
  // The bare digits come right before every file of that version.
  const startAfter = `${FOLDER}/${digits(from)}`;
  let listed = 0;
  for await (const { path } of store.list(`${FOLDER}/`, { startAfter, signal })) {
    const [, number, checkpoint] = FILE_NAME.exec(path) ?? [];
    if (number !== undefined) (checkpoint === undefined ? entries : checkpoints).push(Number(number));
    listed++;
    if (listed >= most) return { entries, checkpoints, isComplete: false };
  }
  return { entries, checkpoints, isComplete: true };
}

async function replay(
  store: ObjectStore,
  from: CatalogState,
  listing: LogListing,
  signal: AbortSignal | undefined,
): Promise<LoadedCatalog> {
  const entries = await readListed(store, from.version, listing, signal);
  return { state: entries.reduce(applyRead, from), lastCheckpoint: listing.checkpoints.at(-1) ?? -1 };
}

/** The entries of a listing that come after a version. */
async function readListed(
  store: ObjectStore,
  after: number,
  listing: LogListing,
  signal: AbortSignal | undefined,
): Promise<readonly ReadEntry[]> {
  const listed = new Set(listing.entries);
  const newest = listing.entries.at(-1) ?? -1;
  const versions: number[] = [];
  for (let version = after + 1; version <= newest; version++) {
    // A listing is no snapshot: while two entries appear it may show the later one only.
    const exists = listed.has(version) || (await store.head(entryPath(version), { signal })) !== undefined;
    if (!exists) throw missingEntry(version);
    versions.push(version);
  }
  return mapParallel(
    versions,
    READS_AT_ONCE,
    async (version) => ({ version, actions: await readEntry(store, version, signal) }),
    signal,
  );
}

function applyRead(state: CatalogState, { version, actions }: ReadEntry): CatalogState {
  return applyEntry(state, version, actions);
}

/**
 * The actions of some entries that are known to be there, both ends included.
 *
 * @throws LakeError `corrupt` as {@link loadCatalog}.
 */
export async function readActions(
  store: ObjectStore,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<readonly CatalogAction[]> {
  const versions = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const read = (version: number): Promise<readonly CatalogAction[]> => readEntry(store, version, signal);
  return (await mapParallel(versions, READS_AT_ONCE, read, signal)).flat();
}

/** The state after one entry, which is the next one. */
export function applyEntry(
  state: CatalogState,
  version: number,
  actions: readonly CatalogAction[],
): CatalogState {
  try {
    return { ...actions.reduce(applyAction, state), version };
  } catch (error) {
    if (!isLakeError(error, "corrupt")) throw error;
    const file = entryPath(version);
    throw new LakeError("corrupt", error.code, `${file}: ${error.message}`, {
      context: { file },
      cause: error,
    });
  }
}

async function readEntry(
  store: ObjectStore,
  version: number,
  signal: AbortSignal | undefined,
): Promise<readonly CatalogAction[]> {
  const path = entryPath(version);
  const data = await getOptional(store, path, signal);
  if (data === undefined) throw missingEntry(version);
  return parseEntry(data, path).actions;
}

async function readCheckpoint(
  store: ObjectStore,
  version: number,
  signal: AbortSignal | undefined,
): Promise<CatalogState> {
  const path = checkpointPath(version);
  return parseCheckpoint(await store.get(path, { signal }), version, path);
}

/** The version that the hint names, `undefined` when there is no hint that can be understood. */
async function readHint(store: ObjectStore, signal: AbortSignal | undefined): Promise<number | undefined> {
  const data = await getOptional(store, HINT_PATH, signal);
  return data === undefined ? undefined : parseHint(new TextDecoder().decode(data));
}

function parseHint(text: string): number | undefined {
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch {
    // The log is listed from its beginning instead, so a broken hint costs time and nothing else.
    return undefined;
  }
  const version = isJsonObject(json) ? json.version : undefined;
  return typeof version === "number" && Number.isSafeInteger(version) && version >= 0 ? version : undefined;
}

async function getOptional(
  store: ObjectStore,
  path: ObjectPath,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await store.get(path, { signal });
  } catch (error) {
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
}

function missingEntry(version: number): LakeError {
  const file = entryPath(version);
  return new LakeError("corrupt", "catalog-log", `the catalog's log has a gap: ${file} is missing`, {
    context: { file, version },
    hint: "Put the file back from a backup. Later entries cannot be read without it.",
  });
}
