import type { Session } from "../../../../engine/index.js";
import type { ObjectStore } from "../../../../object-store/index.js";
import { ledgerDamaged } from "./ledger-damage.js";
import type { LedgerSegment } from "./ledger-head.js";
import { segmentPath } from "./ledger-version.js";
import { withSegments } from "./segment-files.js";

/** See {@link Ledger.verify}. */
export async function verifySegments(
  session: Session,
  store: ObjectStore,
  segments: readonly LedgerSegment[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const segment of segments) {
    const sql = (relation: string): string =>
      `SELECT count(*)::DOUBLE AS entries, min(uri) AS first_uri, max(uri) AS last_uri,
              coalesce(bool_and(size >= 0 AND modification_time IS NOT NULL AND octet_length(hash) = 16), false)::INTEGER
                AS is_sound
       FROM ${relation}`;
    const [seen] = await withSegments(
      store,
      [segment],
      (relation) => session.rows(sql(relation), { signal }),
      signal,
    );
    const { name, entries, firstUri, lastUri } = segment;
    const isAsTold =
      seen?.["entries"] === entries && seen["first_uri"] === firstUri && seen["last_uri"] === lastUri;
    if (isAsTold && seen["is_sound"] === 1) continue;
    throw ledgerDamaged(`${store.uri}/${segmentPath(name)}`, "does not hold what its head says");
  }
}
