import { createHash } from "node:crypto";
import { isLakeError, LakeError } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { fileStamp, type OpenedSource, type SourceFile, sameStamp } from "../../formats/index.js";
import type { LocalTier, TierLease } from "../../object-store/index.js";
import { type EngineType, parseEngineType } from "../../table-format/index.js";
import { keep, type ReadySource } from "./checked-source.js";

/** One more whenever this release would make other rows of the same file. */
const COPY_VERSION = 1;
/** A file system may tell times to two seconds only (FAT): a change after the last look would not show before that. */
const SETTLED_MS = 2000;

export interface StoredCopyOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The rows of a file that takes long to decode, from a Parquet copy in the local tier; it is made when it is not there,
 * and stays leased until the session ends. `undefined` for a source that has no copy: one of another format, one that
 * cannot be told from what it becomes, one that was changed a moment ago; and where the tier cannot be written.
 *
 * @throws LakeError what reading the source throws; `unavailable` for a file that changes while it is read.
 */
export async function storedCopy(
  session: Session,
  tier: LocalTier,
  source: OpenedSource,
  { now, signal }: StoredCopyOptions,
): Promise<ReadySource | undefined> {
  const file = copiedFile(source, now);
  if (file === undefined) return undefined;
  const lease = await leaseCopy(session, tier, source, file, signal);
  if (lease === undefined) return undefined;
  const relation = {
    sql: `SELECT * FROM read_parquet(${quoteString(lease.localPath)}, hive_partitioning = false)`,
    dispose: () => lease.release(),
  };
  keep(session, relation);
  return { source, relation };
}

/** `undefined` where no copy can be kept: the file is read all the same. */
async function leaseCopy(
  session: Session,
  tier: LocalTier,
  source: OpenedSource,
  file: CopiedFile,
  signal: AbortSignal | undefined,
): Promise<TierLease | undefined> {
  try {
    return await tier.lease(copyKey(file.identity, file.content), async (localPath) => {
      const relation = await source.relation();
      try {
        const options = "FORMAT parquet, COMPRESSION snappy";
        await session.execute(`COPY (${relation.sql}) TO ${quoteString(localPath)} (${options})`, { signal });
      } finally {
        await relation.dispose();
      }
      refuseChanged(file);
    });
  } catch (error) {
    if (isLakeError(error, "unavailable") && error.code === "cache-folder") return undefined;
    throw error;
  }
}

interface CopiedFile extends SourceFile {
  readonly identity: string;
  /** Tells its content from any other that was there under its name. */
  readonly content: readonly string[];
}

/** The file that a source is the whole of, when there can be a copy of it. Pure. */
export function copiedFile(source: OpenedSource, now: number): CopiedFile | undefined {
  const [file, ...others] = source.files;
  if (file?.identity === undefined || others.length > 0) return undefined;
  if (source.format !== "avro" || source.compression !== "none" || source.uri !== file.uri) return undefined;
  const content = contentOf(file, now);
  if (content === undefined || !source.columns.every(({ type }) => staysInParquet(parseEngineType(type)))) {
    return undefined;
  }
  return { ...file, identity: file.identity, content };
}

function contentOf({ origin, stamp }: SourceFile, now: number): readonly string[] | undefined {
  if (origin !== undefined) return origin.etag === undefined ? undefined : [String(origin.size), origin.etag];
  if (stamp === undefined || now - Number(stamp.changed / 1_000_000n) < SETTLED_MS) return undefined;
  return [stamp.size, stamp.modified, stamp.changed, stamp.inode].map(String);
}

/** Pure: what tells the content of a file from any other that was there under its name. */
export function copyKey(identity: string, content: readonly string[]): string {
  const parts = [COPY_VERSION, identity, ...content];
  return `file-${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40)}`;
}

/** Types that the engine writes to Parquet and reads from there as they are. */
const SCALARS: ReadonlySet<string> = new Set([
  "BOOLEAN",
  "INTEGER",
  "BIGINT",
  "FLOAT",
  "DOUBLE",
  "VARCHAR",
  "BLOB",
  "UUID",
  "DATE",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMP WITH TIME ZONE",
]);

function staysInParquet(type: EngineType): boolean {
  switch (type.kind) {
    case "scalar":
      return SCALARS.has(type.name);
    case "decimal":
      return true;
    case "list":
      return type.size === undefined && staysInParquet(type.element);
    case "map":
      return staysInParquet(type.key) && staysInParquet(type.value);
    case "struct":
      return type.fields.every((field) => staysInParquet(field.type));
    case "enum":
    case "union":
      return false;
  }
}

function refuseChanged({ uri, localPath, stamp }: CopiedFile): void {
  if (stamp === undefined) return;
  const now = fileStamp(localPath);
  if (now !== undefined && sameStamp(now, stamp)) return;
  throw new LakeError("unavailable", "source-changed", `${uri} changed while it was read`, {
    context: { file: uri },
    hint: "Run the query again once the file is whole.",
  });
}
