import { stat } from "node:fs/promises";
import path from "node:path";
import { LakeError, mapParallel } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import {
  type DiscoveredSource,
  discoverSources,
  holdSources,
  isRemoteSource,
  localName,
  type RemoteSource,
  remoteLocation,
  type SourceFile,
} from "../../formats/index.js";
import type { FetchCounts, LocalTier, StoreOpener } from "../../object-store/index.js";
import { FetchTally } from "../scan/far/fetch-tally.js";
import { keep } from "./checked-source.js";
import { FarParquet, mayBeParquet } from "./far-parquet.js";

export interface FindFilesOptions {
  /** Where objects are fetched to. */
  readonly tier: LocalTier | undefined;
  /** Default none: then nothing that is far away can be named. */
  readonly openStore: StoreOpener | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The files of a name, on the local disk. */
export interface FoundFiles {
  readonly files: readonly SourceFile[];
  /** What was fetched of them; `undefined` where all are local. */
  readonly fetched: FetchCounts | undefined;
  /** Those whose bytes are not all here; `undefined` where all are. */
  readonly far?: FarParquet | undefined;
}

/**
 * The files that a query's FROM names, on the local disk. Objects of a store that is far away are fetched whole, but for
 * Parquet files, of which the footers come at once; they stay until the session ends.
 *
 * @param name a file, a folder with a slash or a glob, relative to the folder of the process, or the URI of one
 * @throws LakeError `not-found` for a name that no file has, `unsupported` for one whose scheme no store has,
 *   `invalid-input` for the folder of a table.
 */
export async function findFiles(
  session: Session,
  name: string,
  { tier, openStore, signal }: FindFilesOptions,
): Promise<FoundFiles> {
  if (remoteLocation(name) === undefined) await refuseLocalTable(name);
  if (tier === undefined || openStore === undefined) {
    return { files: await discoverSources([name], { signal }), fetched: undefined };
  }
  const sources = await discoverSources([name], { openStore, signal });
  await refuseRemoteTable(name, sources, openStore, signal);
  const tally = new FetchTally();
  const far = new FarParquet(session, { tier, onFetch: tally.add, signal });
  const others = sources.filter((source) => !isFarParquet(source));
  const held = await holdSources(tier, others, { onFetch: tally.add, signal });
  keep(session, { dispose: () => held.release() });
  const places = new Map(others.map((source, index) => [source, held.files[index]]));
  const files = await mapParallel(
    sources,
    PARALLEL_OBJECTS,
    async (source): Promise<SourceFile[]> => {
      if (isFarParquet(source)) return [await far.open(source)];
      const file = places.get(source);
      return file === undefined ? [] : [file];
    },
    signal,
  );
  return { files: files.flat(), fetched: sources.some(isRemoteSource) ? tally : undefined, far };
}

/** Objects that are looked at at a time; the stores themselves bound their connections. */
const PARALLEL_OBJECTS = 64;

function isFarParquet(source: DiscoveredSource): source is RemoteSource {
  return isRemoteSource(source) && mayBeParquet(source);
}

/** @throws LakeError `invalid-input` for the folder of a table: its files hold rows that are not in the table. */
async function refuseLocalTable(name: string): Promise<void> {
  const log = await stat(path.join(localName(name), "_delta_log")).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  });
  if (log !== undefined) throw tableAsFiles(name);
}

/** A name that is an object by itself, or a pattern, is no folder. */
async function refuseRemoteTable(
  name: string,
  [first]: readonly DiscoveredSource[],
  openStore: StoreOpener,
  signal: AbortSignal | undefined,
): Promise<void> {
  const location = remoteLocation(name);
  if (location === undefined || first === undefined || /[*?[{]/.test(location.key)) return;
  const folder = location.key.replace(/\/+$/, "");
  if (first.uri.endsWith(`/${folder}`)) return;
  const log = folder === "" ? "_delta_log/" : `${folder}/_delta_log/`;
  for await (const _ of openStore(location.root).list(log, { signal })) throw tableAsFiles(name);
}

function tableAsFiles(name: string): LakeError {
  return new LakeError("invalid-input", "table-as-files", `${name} is a Delta table, not a folder of files`, {
    context: { file: name },
    hint: `Read it as a table: FROM delta_scan('${name.replaceAll("'", "''")}')`,
  });
}
