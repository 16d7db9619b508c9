import type { Clock } from "../../../../core/index.js";
import {
  type DiscoveredSource,
  discoverSources,
  isRemoteSource,
  type RemoteSource,
} from "../../../../formats/index.js";
import type { StoreOpener } from "../../../../object-store/index.js";
import type { IngestOptions } from "../ingest-options.js";
import type { IngestReport } from "../ingest-report.js";
import type { SeenFile } from "./settled-files.js";
import { type WatchEvent, watchSources } from "./watch-sources.js";

/** Lands sources now, as `Lake.ingest` does. */
export type Ingest = (
  sources: readonly (string | RemoteSource)[],
  options: IngestOptions,
) => Promise<IngestReport>;

export interface WatchIngestOptions
  extends Omit<IngestOptions, "mode" | "application" | "stdin" | "stdinPart" | "again" | "batch"> {
  /** Milliseconds between two looks at the sources when there is nothing to land; default 2,000. */
  readonly pollMs?: number | undefined;
  /** A file that was written to so lately, in milliseconds, may not be whole and is left for later; default 2,000. */
  readonly settleMs?: number | undefined;
  /** What one commit takes at most; default 10,000 files and 1 GiB. */
  readonly batch?: IngestOptions["batch"];
  /** The watch ends, and throws nothing, when this fires. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_POLL_MS = 2_000;
const DEFAULT_SETTLE_MS = 2_000;
const DEFAULT_FILES = 10_000;
const DEFAULT_BYTES = 1024 ** 3;

/** What a watch works with. */
export interface WatchContext {
  readonly ingest: Ingest;
  readonly clock: Clock;
  /** Opens the stores of sources that are far away. */
  readonly openStore: StoreOpener;
}

/**
 * Lands the files of folders and globs, and the objects of prefixes and patterns, as they come, each exactly once, until
 * the signal fires.
 *
 * @throws LakeError `invalid-input` for options that a watch cannot have; see `watchSources`.
 */
export function watchIngest(
  { ingest, clock, openStore }: WatchContext,
  sources: readonly string[],
  options: WatchIngestOptions,
): AsyncGenerator<WatchEvent<IngestReport>> {
  const { pollMs = DEFAULT_POLL_MS, settleMs = DEFAULT_SETTLE_MS, batch, signal, ...landing } = options;
  // An object is not looked at again when it lands: it is read as it was seen, or not at all.
  let objects: ReadonlyMap<string, RemoteSource> = new Map();
  const look = async (ended: AbortSignal | undefined): Promise<SeenFile[]> => {
    const found = await discoverSources(sources, { mayBeEmpty: true, openStore, signal: ended });
    objects = new Map(found.filter(isRemoteSource).map((source) => [source.uri, source]));
    return found.map(seenFile);
  };
  return watchSources(
    {
      look,
      land: (paths, ended) => {
        const named = paths.map((path) => objects.get(path) ?? path);
        return ingest(named, { ...landing, signal: ended });
      },
      clock,
    },
    { pollMs, settleMs, files: batch?.files ?? DEFAULT_FILES, bytes: batch?.bytes ?? DEFAULT_BYTES, signal },
  );
}

function seenFile(source: DiscoveredSource): SeenFile {
  const { uri, size, modificationTime } = source;
  return { path: uri, size, modificationTime, stamp: stampText(source) };
}

function stampText(source: DiscoveredSource): string {
  if (isRemoteSource(source)) {
    const { size, etag } = source.object;
    return `${size} ${source.modificationTime} ${etag ?? ""}`;
  }
  const { stamp } = source;
  return stamp === undefined ? "" : `${stamp.size} ${stamp.modified} ${stamp.changed} ${stamp.inode}`;
}
