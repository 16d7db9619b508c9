import { holdSources, isRemoteSource } from "../../../formats/index.js";
import type { FetchCounts, LocalTier } from "../../../object-store/index.js";
import type { ProgressMeter } from "../progress.js";
import type { HoldSources } from "./landing-files.js";

/**
 * What one ingest leaves of the objects that it fetched, as a share of the tier: a landing that failed and is run again
 * finds them, and what queries need of the tier is not pushed out by files that have landed.
 */
const KEPT_SHARE = 0.1;

/** Brings the sources of one ingest to the local disk. */
export function holdingIn(
  tier: LocalTier,
  meter: ProgressMeter,
  signal: AbortSignal | undefined,
): HoldSources {
  let kept = 0;
  return (sources) => {
    const totalBytes = sources.reduce((sum, source) => sum + (isRemoteSource(source) ? source.size : 0), 0);
    const keep = kept + totalBytes <= tier.maxBytes * KEPT_SHARE;
    if (keep) kept += totalBytes;
    let bytes = 0;
    const onFetch = (fetched: FetchCounts): void => {
      bytes += fetched.bytes + fetched.hitBytes;
      if (fetched.requests === 0) return;
      meter.report({ phase: "fetch", bytes, totalBytes, fraction: Math.min(1, bytes / totalBytes) });
    };
    return holdSources(tier, sources, { keep, onFetch, signal });
  };
}
