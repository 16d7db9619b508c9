import type { Clock } from "../../../../core/index.js";
import { discoverSources } from "../../../../formats/index.js";
import type { IngestOptions } from "../ingest-options.js";
import type { IngestReport } from "../ingest-report.js";
import type { SeenFile } from "./settled-files.js";
import { type WatchEvent, watchSources } from "./watch-sources.js";

/** Lands sources now, as `Lake.ingest` does. */
export type Ingest = (sources: readonly string[], options: IngestOptions) => Promise<IngestReport>;

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

/**
 * Lands the files of folders and globs as they come, each exactly once, until the signal fires.
 *
 * @throws LakeError `invalid-input` for options that a watch cannot have; see `watchSources`.
 */
export function watchIngest(
  ingest: Ingest,
  clock: Clock,
  sources: readonly string[],
  options: WatchIngestOptions,
): AsyncGenerator<WatchEvent<IngestReport>> {
  const { pollMs = DEFAULT_POLL_MS, settleMs = DEFAULT_SETTLE_MS, batch, signal, ...landing } = options;
  return watchSources(
    {
      look: (ended) => look(sources, ended),
      land: (paths, ended) => ingest(paths, { ...landing, signal: ended }),
      clock,
    },
    { pollMs, settleMs, files: batch?.files ?? DEFAULT_FILES, bytes: batch?.bytes ?? DEFAULT_BYTES, signal },
  );
}

async function look(sources: readonly string[], signal: AbortSignal | undefined): Promise<SeenFile[]> {
  const found = await discoverSources(sources, { mayBeEmpty: true, signal });
  return found.map(({ uri, size, modificationTime, stamp }) => ({
    path: uri,
    size,
    modificationTime,
    stamp: stamp === undefined ? "" : `${stamp.size} ${stamp.modified} ${stamp.changed} ${stamp.inode}`,
  }));
}
