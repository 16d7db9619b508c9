import { join } from "node:path";
import type { Session } from "../../engine/index.js";
import { columnNames } from "../inference/column-names.js";
import { KindSet } from "../inference/value-kinds.js";
import { joinLines } from "../jsonl/join-lines.js";
import { sampleLines, WHOLE_FILE_BYTES } from "../jsonl/line-sample.js";
import { enginePath } from "../source/engine-path.js";
import type { SourceFile } from "../source/source-file.js";
import { temporaryFolder } from "../source/temporary.js";
import { refuseDeepValues } from "./depth-check.js";
import {
  decideLeaf,
  type FieldPlan,
  type LeafPlan,
  type LeafVisitor,
  planField,
  probeLeaf,
} from "./field-plan.js";
import { leafProbes } from "./field-sql.js";
import { readableRecords } from "./fit/readable-records.js";
import type { JsonLayout } from "./json-scanner.js";
import { columnsOf, type JsonColumns, type JsonRecords, plannedRows, readerOptions } from "./read-json.js";
import { type Spellings, spellingsOf, withOneSpelling } from "./spellings.js";
import { inOrderOf, type JsonStructure, parseStructure } from "./structure.js";

export interface InferredJson {
  readonly columns: JsonColumns;
  readonly notes: readonly string[];
  /** Records looked at. */
  readonly records: bigint;
  /** Whether they were all there are. */
  readonly exact: boolean;
}

/** Records read of a large file that is not made of lines, where only its start is at hand. */
const SAMPLE_RECORDS = 10_240;

/** What is looked at to infer columns. */
export interface JsonInference {
  /** One file, or many of lines. */
  readonly files: readonly [SourceFile, ...SourceFile[]];
  readonly layout: JsonLayout;
  readonly maximumRecordBytes: number;
  /** Whether to look at all records, however many there are. */
  readonly whole: boolean;
  /** Whether records that cannot be read are passed over. */
  readonly readable: boolean;
  /** A look at the depth of the one file's values that has begun. */
  readonly depth?: Promise<void> | undefined;
}

/**
 * Infers the columns of JSON files: from all records when they are few or `whole` is asked, else from a
 * sample. `undefined` when there are no records.
 */
export async function inferJson(
  session: Session,
  { files, layout, maximumRecordBytes, whole, readable, depth }: JsonInference,
  signal: AbortSignal | undefined,
): Promise<InferredJson | undefined> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const exact = whole || size <= WHOLE_FILE_BYTES;
  const [first] = files;
  const uri = readable ? first.uri : undefined;
  const records = { localPath: first.localPath, layout, maximumRecordBytes };
  if (files.length === 1 && (exact || layout !== "lines")) {
    const limit = exact ? "" : ` LIMIT ${SAMPLE_RECORDS}`;
    return inferReadable(session, records, uri, { exact, limit, depth }, signal);
  }
  const folder = await temporaryFolder();
  try {
    const localPath = join(folder.path, "sample");
    if (files.length === 1) await sampleLines(first.localPath, size, localPath);
    else {
      // Whole files, spread over all of them.
      const step = exact ? 1 : Math.ceil(size / WHOLE_FILE_BYTES);
      const sample = files.filter((_, index) => index % step === 0);
      await joinLines(sample, localPath, undefined, signal);
    }
    return await inferReadable(session, { ...records, localPath }, uri, { exact, limit: "" }, signal);
  } finally {
    await folder.dispose();
  }
}

interface Extent {
  readonly exact: boolean;
  readonly limit: string;
  readonly depth?: Promise<void> | undefined;
}

async function inferReadable(
  session: Session,
  records: JsonRecords,
  uri: string | undefined,
  extent: Extent,
  signal: AbortSignal | undefined,
): Promise<InferredJson | undefined> {
  if (uri === undefined) return inferFrom(session, records, extent, signal);
  const kept = await readableRecords(records, uri, signal);
  try {
    const { exact, limit } = extent;
    if (kept.records === 0) {
      const columns: JsonColumns = { kind: "keys", columns: [] };
      const notes = ["no record of it can be read"];
      return kept.found === 0 ? undefined : { columns, notes, records: 0n, exact };
    }
    return await inferFrom(session, kept.as, { exact, limit }, signal);
  } finally {
    await kept.dispose();
  }
}

async function inferFrom(
  session: Session,
  records: JsonRecords,
  { exact, limit, depth }: Extent,
  signal: AbortSignal | undefined,
): Promise<InferredJson | undefined> {
  await (depth ?? refuseDeepValues(records, signal));
  const found = await findStructure(session, records, limit, signal);
  if (found === undefined) return undefined;
  const { structure } = found;
  const all = `SELECT json FROM ${objectsIn(records)}${limit}`;
  const spellings = await spellingsOf(session, all, structure, signal);

  const probes = planColumns(structure, probeLeaf);
  const bits = await findKinds(session, records, probes.columns, limit, signal);
  const kinds = kindsOf(probes.columns, bits, spellings);

  const notes: string[] = [];
  let next = 0;
  const planned = planColumns(withOneSpelling(structure, spellings), (leaf, path) => {
    const { plan, note } = decideLeaf(leaf, kinds[next++] ?? new KindSet(0), exact);
    if (note !== undefined) notes.push(`${path} ${note}`);
    return plan;
  });
  const spelled = spellings.map(({ first, others }) => `${first} is ${others.join(", ")} in some records`);
  return {
    columns: withSpellings(planned.columns, spellings),
    notes: [...planned.notes, ...spelled, ...notes],
    records: found.records,
    exact,
  };
}

/** The kinds of every leaf in order; of keys that are one column, those of all their values. */
function kindsOf(
  columns: JsonColumns,
  bits: readonly (readonly number[])[],
  spellings: readonly Spellings[],
): KindSet[] {
  const keys = columnsOf(columns).map(({ key }) => key);
  return keys.flatMap((key, index) => {
    if (spellings.some(({ others }) => others.includes(key))) return [];
    const alike = spellings.find(({ first }) => first === key)?.others ?? [];
    const merged = alike.reduce((set, other) => set | (bits[keys.indexOf(other)]?.[0] ?? 0), 0);
    return (bits[index] ?? []).map((set) => new KindSet(set | merged));
  });
}

function withSpellings(columns: JsonColumns, spellings: readonly Spellings[]): JsonColumns {
  if (columns.kind === "value" || spellings.length === 0) return columns;
  const isSpelledTwice = (key: string): boolean => spellings.some(({ first }) => first === key);
  return {
    kind: "keys",
    columns: columns.columns.map((column) => {
      return isSpelledTwice(column.key) ? { ...column, hasSpellings: true } : column;
    }),
  };
}

function objectsIn(records: JsonRecords): string {
  return `read_json_objects(${enginePath(records.localPath)}, ${readerOptions(records)})`;
}

/** Records whose keys, in their order, give the order of the columns. */
const GUIDE_RECORDS = 200;

async function findStructure(
  session: Session,
  records: JsonRecords,
  limit: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly structure: JsonStructure; readonly records: bigint } | undefined> {
  const reader = objectsIn(records);
  const [row] = await session.rows(
    `SELECT json_group_structure(json) AS structure, count(*) AS records FROM (SELECT json FROM ${reader}${limit})`,
    { signal },
  );
  const text = row?.["structure"];
  if (typeof text !== "string") return undefined;
  const first = await session.rows(
    `SELECT json_structure(json) AS structure FROM ${reader} LIMIT ${GUIDE_RECORDS}`,
    { signal },
  );
  const guides = new Set(first.map((guide) => String(guide["structure"])));
  const structure = inOrderOf(parseStructure(text), [...guides].map(parseStructure));
  return { structure, records: BigInt(String(row?.["records"])) };
}

function planColumns(
  structure: JsonStructure,
  leaf: LeafVisitor<LeafPlan>,
): { readonly columns: JsonColumns; readonly notes: readonly string[] } {
  if (structure.kind !== "object") {
    const plan: FieldPlan = planField(structure, "value", leaf);
    return { columns: { kind: "value", column: { key: "value", name: "value", plan } }, notes: [] };
  }
  const { names, notes } = columnNames(structure.fields.map((field) => field.name));
  const columns = structure.fields.map(({ name: key, structure: field }, index) => {
    const name = names[index] ?? key;
    return { key, name, plan: planField(field, name, leaf) };
  });
  return { columns: { kind: "keys", columns }, notes };
}

/** The bits of the kinds of every leaf, column by column. */
async function findKinds(
  session: Session,
  records: JsonRecords,
  columns: JsonColumns,
  limit: string,
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  const rows = await plannedRows(records, columns);
  try {
    const probes = columnsOf(columns).map(({ plan }, index) => leafProbes(plan, `c${index}`));
    const fields = probes.flatMap((leaves, column) =>
      leaves.map((bits, leaf) => `${bits} AS k${column}_${leaf}`),
    );
    const [row] = await session.rows(`SELECT ${fields.join(", ")} FROM (${rows.sql}${limit})`, { signal });
    return probes.map((leaves, column) => leaves.map((_, leaf) => Number(row?.[`k${column}_${leaf}`] ?? 0)));
  } finally {
    await rows.dispose();
  }
}
