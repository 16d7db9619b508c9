import { Field, Int64, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } from "apache-arrow";
import type { Session } from "../../engine/index.js";
import type { ObjectMeta, ObjectStore } from "../../object-store/index.js";
import { LOG_FOLDER, type LogFile, parseLogFile } from "../log/log-path.js";

/** Every object of the table's folder: `path` as it is in the store, `size` in bytes, `modified` in milliseconds. */
export const OBJECTS = "fsck_objects";

const SCHEMA = new Schema([
  new Field("path", new Utf8(), false),
  new Field("size", new Int64(), false),
  new Field("modified", new Int64(), false),
]);
const BATCH_OBJECTS = 10_000;

/** What the log folder holds. */
export interface LogListing {
  /** What readers know, in name order. */
  readonly logFiles: readonly LogFile[];
  /** Everything else, `_last_checkpoint` and sidecars included. */
  readonly others: readonly ObjectMeta[];
}

/**
 * Lists the table's folder once, into the temporary table {@link OBJECTS} of the session: one listing costs
 * a remote store less than a question for each file.
 */
export async function listTable(
  session: Session,
  store: ObjectStore,
  signal: AbortSignal | undefined,
): Promise<LogListing> {
  const logFiles: LogFile[] = [];
  const others: ObjectMeta[] = [];
  const look = (object: ObjectMeta): void => {
    if (!object.path.startsWith(`${LOG_FOLDER}/`)) return;
    const file = parseLogFile(object);
    if (file === undefined) others.push(object);
    else logFiles.push(file);
  };
  await session.loadArrow(OBJECTS, SCHEMA, objectBatches(store, look, signal), { signal });
  return { logFiles, others };
}

async function* objectBatches(
  store: ObjectStore,
  look: (object: ObjectMeta) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  let batch: ObjectMeta[] = [];
  for await (const object of store.list("", { signal })) {
    look(object);
    batch.push(object);
    if (batch.length < BATCH_OBJECTS) continue;
    yield recordBatch(batch);
    batch = [];
  }
  if (batch.length > 0) yield recordBatch(batch);
}

function recordBatch(objects: readonly ObjectMeta[]): RecordBatch {
  const length = objects.length;
  const numbers = (value: (object: ObjectMeta) => number): BigInt64Array =>
    BigInt64Array.from(objects, (object) => BigInt(Math.floor(value(object))));
  const paths = vectorFromArray(
    objects.map(({ path }) => path),
    new Utf8(),
  ).data[0];
  const children = [
    ...(paths === undefined ? [] : [paths]),
    makeData({ type: new Int64(), length, nullCount: 0, data: numbers(({ size }) => size) }),
    makeData({ type: new Int64(), length, nullCount: 0, data: numbers(({ lastModified }) => lastModified) }),
  ];
  const type = new Struct(SCHEMA.fields);
  return new RecordBatch(SCHEMA, makeData({ type, length, nullCount: 0, children }));
}
