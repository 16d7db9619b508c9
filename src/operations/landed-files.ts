import { rm } from "node:fs/promises";
import { type Clock, LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { WrittenFile } from "../../formats/index.js";
import { objectPath } from "../../object-store/index.js";
import {
  type AddFile,
  type DeltaTable,
  encodeDataPath,
  FILE_SCHEMA_TAG,
  fileSchemaDigest,
  type PartitionValues,
  statisticsJson,
} from "../../table-format/index.js";
import type { LandingPlan } from "./landing-plan.js";
import { partitionTexts } from "./partition-texts.js";

/** The table's folder on the local disk, without a slash at its end. */
export function tableDirectory(table: DeltaTable): string {
  const probe = table.folder.store.localPath(objectPath("x"));
  if (probe === undefined) {
    throw new LakeError(
      "unsupported",
      "remote-write",
      `${table.where}: this release writes tables on a local disk only`,
    );
  }
  return probe.slice(0, -2);
}

/**
 * Makes the written files durable objects of the table and describes them as adds.
 *
 * @throws LakeError `invalid-input` when a NOT NULL column holds a NULL.
 */
export async function adoptFiles(
  session: Session,
  table: DeltaTable,
  plan: LandingPlan,
  written: readonly WrittenFile[],
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<AddFile[]> {
  const { partitionColumns, configuration } = plan.metadata;
  const fields = partitionColumns.flatMap((name) =>
    plan.schema.fields.filter((field) => field.name === name),
  );
  const partitions = await partitionTexts(session, fields, written);
  checkRequired(plan, written, partitions);
  const root = `${tableDirectory(table)}/`;
  const placed = written.map((file) => ({ file, path: objectPath(file.localPath.slice(root.length)) }));
  await table.folder.store.adopt(
    placed.map(({ file, path }) => ({ localFile: file.localPath, path })),
    { signal },
  );
  const tags = { [FILE_SCHEMA_TAG]: fileSchemaDigest(plan.schema, partitionColumns) };
  return placed.map(({ file, path }, index) => ({
    path: encodeDataPath(path),
    partitionValues: partitions[index] ?? {},
    size: file.sizeBytes,
    modificationTime: BigInt(clock.now()),
    dataChange: true,
    stats: statisticsJson(file, { schema: plan.schema, partitionColumns, configuration }),
    tags,
  }));
}

/** NOT NULL columns hold no NULL: the writer counted them. */
function checkRequired(
  plan: LandingPlan,
  written: readonly WrittenFile[],
  partitions: readonly PartitionValues[],
): void {
  for (const { name, nullable } of plan.schema.fields) {
    if (nullable) continue;
    const isPartition = plan.metadata.partitionColumns.includes(name);
    const holdsNull = isPartition
      ? partitions.some((values) => values[name] === null)
      : written.some(({ columns }) =>
          columns.some(({ path, nullCount }) => path.length === 1 && path[0] === name && nullCount > 0n),
        );
    if (!holdsNull) continue;
    throw new LakeError(
      "invalid-input",
      "not-null",
      `column "${name}" is NOT NULL and the source holds NULL in it`,
      { context: { column: name }, hint: "Fill the column in the source. Nothing was committed." },
    );
  }
}

export async function removeFiles(files: readonly WrittenFile[]): Promise<void> {
  for (const file of files) await rm(file.localPath, { force: true });
}

/** Bytes. */
export function totalSize(files: readonly WrittenFile[]): bigint {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0n);
}
