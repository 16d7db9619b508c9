import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isLakeError, mapParallel, messageOf } from "../../../../core/index.js";
import { quoteString, type Session } from "../../../../engine/index.js";
import { compareUtf8, type ObjectStore } from "../../../../object-store/index.js";
import { withLandedTable } from "./file-table.js";
import type { LandedFile } from "./landed-file.js";
import { ledgerDamaged, ledgerFileMissing } from "./ledger-damage.js";
import type { LedgerSegment } from "./ledger-head.js";
import { segmentPath } from "./ledger-version.js";

const PARALLEL_FILES = 8;

/**
 * Small row groups: their statistics tell the few that can hold a file that is asked for. The second version of the
 * format has encodings for numbers that rise and for texts of one length.
 */
const FORMAT = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, ROW_GROUP_SIZE 16384";

/**
 * Lends the entries of segments to `work` as SQL of a relation: columns `uri`, `size`, `modification_time`, `hash` (16
 * bytes) and `age`, an INTEGER that is smallest for the newest segment.
 *
 * @param segments from the oldest to the newest, one at least
 * @throws LakeError `corrupt` where the file of a segment is gone, another one, or damaged.
 */
export async function withSegments<T>(
  store: ObjectStore,
  segments: readonly LedgerSegment[],
  work: (relation: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await checkSegments(store, segments, signal);
  const local = await localSegments(store, segments, signal);
  try {
    const names = local.files.toReversed().map((file) => quoteString(file.replace(/[*?[]/g, "[$&]")));
    const reader = `read_parquet([${names.join(", ")}], hive_partitioning = false)`;
    return await work(
      `(SELECT uri, size, modification_time, hash, file_index::INTEGER AS age FROM ${reader})`,
    );
  } catch (error) {
    // It may have been deleted since it was looked at.
    await checkSegments(store, segments, signal);
    throw readFailure(store, segments, error);
  } finally {
    await local.release();
  }
}

/**
 * Writes a segment, durably: these entries, and those of older segments about other files.
 *
 * @param merged from the oldest to the newest
 */
export async function writeSegment(
  session: Session,
  store: ObjectStore,
  name: string,
  { entries, merged }: { readonly entries: readonly LandedFile[]; readonly merged: readonly LedgerSegment[] },
  signal?: AbortSignal,
): Promise<LedgerSegment> {
  const path = segmentPath(name);
  const place = await placeToWrite(store, name);
  try {
    const copy = async (sql: string): Promise<number> =>
      session.execute(`COPY (${sql} ORDER BY uri) TO ${quoteString(place.localFile)} (${FORMAT})`, {
        signal,
      });
    const count = await withLandedTable(
      session,
      entries,
      (table) => {
        const newest = `SELECT uri, size, modification_time, unhex(hash) AS hash FROM ${table}`;
        if (merged.length === 0) return copy(newest);
        const all = (older: string): string =>
          `SELECT * EXCLUDE (age) FROM (SELECT *, -1 AS age FROM (${newest}) UNION ALL FROM ${older})
           QUALIFY row_number() OVER (PARTITION BY uri ORDER BY age) = 1`;
        return withSegments(store, merged, (older) => copy(all(older)), signal);
      },
      signal,
    );
    const { size } = await stat(place.localFile);
    await store.adopt([{ localFile: place.localFile, path }], { signal });
    const uris = entries.map(({ uri }) => uri);
    return {
      name,
      entries: count,
      bytes: size,
      firstUri: least([...uris, ...merged.map(({ firstUri }) => firstUri)]),
      lastUri: greatest([...uris, ...merged.map(({ lastUri }) => lastUri)]),
    };
  } catch (error) {
    await rm(place.localFile, { force: true });
    throw error;
  } finally {
    await place.release();
  }
}

/** Where a segment is written, before it becomes an object: its own place where the store is local. */
async function placeToWrite(
  store: ObjectStore,
  name: string,
): Promise<{ readonly localFile: string; release(): Promise<void> }> {
  const own = store.localPath(segmentPath(name));
  if (own !== undefined) {
    await mkdir(dirname(own), { recursive: true });
    return { localFile: own, release: async () => {} };
  }
  const folder = await temporaryFolder();
  return { localFile: join(folder.path, name), release: folder.remove };
}

/** The segments as local files: their own where the store is local, else copies until they are released. */
async function localSegments(
  store: ObjectStore,
  segments: readonly LedgerSegment[],
  signal: AbortSignal | undefined,
): Promise<{ readonly files: readonly string[]; release(): Promise<void> }> {
  const own = segments.map(({ name }) => store.localPath(segmentPath(name)));
  if (own.every((file) => file !== undefined)) return { files: own, release: async () => {} };
  const folder = await temporaryFolder();
  try {
    const files = await mapParallel(
      segments,
      PARALLEL_FILES,
      async ({ name }) => {
        const copy = join(folder.path, name);
        await writeFile(copy, await store.get(segmentPath(name), { signal }));
        return copy;
      },
      signal,
    );
    return { files, release: folder.remove };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "grizzly-ledger-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

async function checkSegments(
  store: ObjectStore,
  segments: readonly LedgerSegment[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await mapParallel(
    segments,
    PARALLEL_FILES,
    async ({ name, bytes }) => {
      const object = await store.head(segmentPath(name), { signal });
      const file = `${store.uri}/${segmentPath(name)}`;
      if (object === undefined) throw ledgerFileMissing(file);
      if (object.size !== bytes) {
        throw ledgerDamaged(file, `has ${object.size} bytes where its head says ${bytes}`);
      }
    },
    signal,
  );
}

/** The engine calls bytes that are no Parquet invalid input, or fails to decode them with an error of its own. */
function readFailure(store: ObjectStore, segments: readonly LedgerSegment[], error: unknown): unknown {
  const isOfEngine = isLakeError(error) && error.code.startsWith("engine");
  if (!isOfEngine || (error.kind !== "invalid-input" && error.kind !== "internal")) return error;
  const names = segments.map(({ name }) => `${store.uri}/${segmentPath(name)}`).join(", ");
  return ledgerDamaged(names, `cannot be read: ${messageOf(error)}`, error);
}

function least(texts: readonly string[]): string {
  return texts.reduce((a, b) => (compareUtf8(b, a) < 0 ? b : a));
}

function greatest(texts: readonly string[]): string {
  return texts.reduce((a, b) => (compareUtf8(b, a) > 0 ? b : a));
}
