import { isJsonObject, LakeError, parseJson, stringifyJson } from "../../core/index.js";
import type { AddFile, DomainMetadata } from "../log/actions.js";
import type { Version } from "../log/version.js";

/** The system domain that keeps the greatest row id given out (PROTOCOL.md, "Row Tracking"). */
export const ROW_TRACKING_DOMAIN = "delta.rowTracking";

/** No row id has been given out. */
export const NO_ROW_IDS = -1n;

/** The greatest row id that was given out, as the table's domains have it. */
export function rowIdHighWaterMark(domain: DomainMetadata | undefined): bigint {
  if (domain === undefined || domain.removed) return NO_ROW_IDS;
  const json = parseJson(domain.configuration);
  const mark = isJsonObject(json) ? json["rowIdHighWaterMark"] : undefined;
  if (typeof mark === "bigint" || typeof mark === "number") return BigInt(mark);
  throw new LakeError(
    "corrupt",
    "row-tracking",
    `the domain ${ROW_TRACKING_DOMAIN} has no rowIdHighWaterMark`,
    {
      context: { configuration: domain.configuration },
    },
  );
}

export interface NumberedFiles {
  readonly adds: readonly AddFile[];
  /** What the domain says afterwards; `undefined` when no id was given out. */
  readonly domain: DomainMetadata | undefined;
}

/**
 * Gives fresh row ids to the files that have none: the next free one to the first row of each, and
 * `target` as the version of its rows (PROTOCOL.md, "Row Tracking", "Writer Requirements"). A file that is
 * added again, with another deletion vector, has its own and keeps them. Pure.
 *
 * @param highWaterMark the greatest id given out by the version that `target` follows
 */
export function assignRowIds(
  adds: readonly AddFile[],
  target: Version,
  highWaterMark: bigint,
): NumberedFiles {
  let mark = highWaterMark;
  const numbered = adds.map((add) => {
    const defaultRowCommitVersion = add.defaultRowCommitVersion ?? target;
    if (add.baseRowId !== undefined) return { ...add, defaultRowCommitVersion };
    const baseRowId = mark + 1n;
    mark += rowCount(add);
    return { ...add, baseRowId, defaultRowCommitVersion };
  });
  if (mark === highWaterMark) return { adds: numbered, domain: undefined };
  const configuration = stringifyJson({ rowIdHighWaterMark: mark });
  return { adds: numbered, domain: { domain: ROW_TRACKING_DOMAIN, configuration, removed: false } };
}

/** The physical rows of a file, deleted ones included, as its statistics tell them. */
function rowCount(add: AddFile): bigint {
  const stats = add.stats === undefined ? null : parseJson(add.stats);
  const rows = isJsonObject(stats) ? stats["numRecords"] : undefined;
  if (typeof rows === "bigint" || typeof rows === "number") return BigInt(rows);
  throw new LakeError("internal", "row-count-unknown", `${add.path} has no numRecords, which row ids need`, {
    context: { file: add.path },
  });
}
