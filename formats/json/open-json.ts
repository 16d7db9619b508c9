import type { Session } from "../../engine/index.js";
import { invalidSource } from "../failure.js";
import { WHOLE_FILE_BYTES } from "../jsonl/line-sample.js";
import type { RecordSource } from "../opened-source.js";
import { refuseDeepValues } from "./depth-check.js";
import { typeOfPlan } from "./field-plan.js";
import { type InferredJson, inferJson } from "./infer-json.js";
import { JsonReading } from "./json-reading.js";
import { type JsonSource, MAXIMUM_RECORD_BYTES, USUAL_RECORD_BYTES, uriOf } from "./json-source.js";
import { columnsOf, STRICT_READING_THREADS } from "./read-json.js";
import { widened } from "./reopen-json.js";

/** The engine reads a file of up to one buffer, twice the usual record, on one thread whatever there are. */
const SPLIT_BYTES = 2 * USUAL_RECORD_BYTES;

/** Opens files of JSON records: lines, one array, or values one after another (a document is one row). */
export async function openJson(
  session: Session,
  source: JsonSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { files, layout } = source;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const documentBytes = layout === "values" ? size + 1 : 0;
  const maximumRecordBytes = Math.min(
    Math.max(source.maximumRecordBytes, documentBytes),
    MAXIMUM_RECORD_BYTES,
  );
  const opened = { ...source, maximumRecordBytes };
  const uris = files.map((file) => file.uri);
  const readable = source.misfits === "rescue";
  // The engine infers meanwhile.
  const [only, ...others] = files;
  const depth =
    others.length === 0 && only.size > WHOLE_FILE_BYTES
      ? refuseDeepValues({ localPath: only.localPath, layout, maximumRecordBytes }, signal)
      : undefined;
  depth?.catch(() => {});
  let inferred: InferredJson | undefined;
  try {
    inferred = await inferJson(
      session,
      { files, layout, maximumRecordBytes, whole: source.whole, readable, depth },
      signal,
    );
  } catch (failure) {
    return openJson(session, await widened(opened, failure, undefined, signal), signal);
  }
  const uri = uriOf(uris);
  if (inferred === undefined) throw invalidSource(uri, "no-records", "the file holds no records");
  const reading = new JsonReading(opened, inferred, depth, signal);
  const columns = columnsOf(inferred.columns);
  const notes = [...source.notes, ...inferred.notes];
  if (layout === "values" && inferred.exact && inferred.records === 1n) notes.push(...documentNotes(columns));
  return {
    uri,
    format: layout === "lines" ? "jsonl" : "json",
    compression: source.compression,
    columns: columns.map(({ name, plan }) => ({ name, type: typeOfPlan(plan) })),
    notes,
    sizeBytes: source.sizeBytes,
    ...(size > SPLIT_BYTES ? { threads: STRICT_READING_THREADS } : {}),
    relation: (options) => reading.relation(options),
    fitted: (wanted, misfits, options) => reading.fitted(wanted, misfits, options),
    dispose: async () => {
      for (const file of files) await file.dispose?.();
    },
    reopen: async (failure) => openJson(session, await reading.reopened(failure), signal),
  };
}

function documentNotes(
  columns: readonly { readonly name: string; readonly plan: { readonly kind: string } }[],
): string[] {
  const lists = columns.filter(({ plan }) => plan.kind === "list").map(({ name }) => name);
  const where = lists.length === 0 ? "" : `; records inside it (${lists.join(", ")}) stay lists`;
  return [`the file is one JSON document and gives one row${where}`];
}
