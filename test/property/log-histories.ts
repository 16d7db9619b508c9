import fc from "fast-check";
import { canonicalDataPath, encodeDataPath } from "../../table-format/log/data-path.js";

// Random histories of a table's log, and a model that replays them as a child would: Maps, one action after
// the other. Many histories share a table, each with files, applications and domains of its own; protocol
// and metadata are the table's.

/** What one commit does to one file of a history. What is legal depends on whether the file is live. */
interface FileStep {
  readonly file: number;
  readonly spelling: number;
  /** `touch`: add it, or add it again with other metadata. `drop`: remove it. `vector`: other rows deleted. */
  readonly what: "touch" | "drop" | "vector";
  /** Which deletion vector, 0 for none. */
  readonly vector: number;
  readonly removeFirst: boolean;
  readonly value: string | null;
  readonly size: number;
  readonly extras: number;
}

interface HistoryStep {
  readonly files: readonly FileStep[];
  readonly txn: number | null;
  readonly domain: { readonly name: number; readonly removed: boolean; readonly text: string } | null;
}

interface TableStep {
  readonly histories: readonly HistoryStep[];
  readonly note: string | null;
  readonly feature: string | null;
  /** Whether lines carry things that no reader knows. */
  readonly odd: boolean;
}

export type TableHistory = readonly TableStep[];

const fileStep: fc.Arbitrary<FileStep> = fc.record({
  file: fc.nat(5),
  spelling: fc.nat(5),
  what: fc.constantFrom("touch", "touch", "drop", "vector"),
  vector: fc.nat(3),
  removeFirst: fc.boolean(),
  value: fc.constantFrom("1", "x y", "", 'q"\\', null),
  size: fc.nat(1_000),
  extras: fc.nat(7),
});

const historyStep: fc.Arbitrary<HistoryStep> = fc.record({
  files: fc.uniqueArray(fileStep, { selector: (step) => step.file, maxLength: 4 }),
  txn: fc.option(fc.nat(9), { freq: 2 }),
  domain: fc.option(
    fc.record({ name: fc.nat(1), removed: fc.boolean(), text: fc.constantFrom("", '{"a":1}', "o'b") }),
    { freq: 2 },
  ),
});

/** @param histories in one table */
export function tableHistory(histories: number): fc.Arbitrary<TableHistory> {
  return fc.array(
    fc.record({
      histories: fc.array(historyStep, { minLength: histories, maxLength: histories }),
      note: fc.option(fc.constantFrom("one", 'tw"o', "thr'ee"), { freq: 3 }),
      feature: fc.option(fc.constantFrom("vacuumProtocolCheck", "timestampNtz"), { freq: 5 }),
      odd: fc.boolean(),
    }),
    { minLength: 2, maxLength: 7 },
  );
}

type Json = Readonly<Record<string, unknown>>;

/** The state of a table after some commits; actions as they stand in the log. */
export interface Model {
  /** By {@link canonicalDataPath}. */
  readonly files: Map<string, Json>;
  /** By canonical path and deletion vector. */
  readonly tombstones: Map<string, Json>;
  readonly transactions: Map<string, Json>;
  readonly domains: Map<string, Json>;
  protocol: Json;
  metadata: Json;
}

export interface Played {
  /** The text of each commit. */
  readonly entries: readonly string[];
  /** After each commit. */
  readonly models: readonly Model[];
}

const NAMES = ["a.parquet", "p=a b/c.parquet", "p=é/d.parquet", "e%25.parquet", "x:y.parquet"];
const SCHEMA =
  '{"type":"struct","fields":[{"name":"p","type":"string","nullable":true,"metadata":{}},{"name":"x","type":"long","nullable":true,"metadata":{}}]}';

/**
 * Writes a history as log entries, and plays it.
 *
 * @param root the table's folder as a URI, for paths that are absolute
 * @param features of its protocol, that readers must know
 */
export function play(
  history: TableHistory,
  root: string,
  features: readonly string[],
  configuration: Readonly<Record<string, string>>,
): Played {
  const entries: string[] = [];
  const models: Model[] = [];
  let model: Model = {
    files: new Map(),
    tombstones: new Map(),
    transactions: new Map(),
    domains: new Map(),
    protocol: protocolWith(features),
    metadata: metadataWith({ ...configuration }),
  };
  let all = features;
  for (const [version, step] of history.entries()) {
    model = {
      ...model,
      files: new Map(model.files),
      tombstones: new Map(model.tombstones),
      transactions: new Map(model.transactions),
      domains: new Map(model.domains),
    };
    const lines: Json[] = [{ commitInfo: { operation: "WRITE", engineInfo: "model" } }];
    if (step.feature !== null && !all.includes(step.feature)) {
      all = [...all, step.feature];
      model.protocol = protocolWith(all);
    }
    if (step.note !== null) model.metadata = metadataWith({ ...configuration, note: step.note });
    if (version === 0 || step.feature !== null) lines.push({ protocol: model.protocol });
    if (version === 0 || step.note !== null) lines.push({ metaData: model.metadata });
    for (const [index, one] of step.histories.entries()) {
      lines.push(...playOne(model, one, `h${index}`, root, version));
    }
    lines.push({ cdc: { path: "_change_data/c.parquet", partitionValues: {}, size: 1, dataChange: false } });
    entries.push(textOf(lines, step.odd));
    models.push(model);
  }
  return { entries, models };
}

function playOne(model: Model, step: HistoryStep, name: string, root: string, version: number): Json[] {
  const lines: Json[] = [];
  if (step.txn !== null) {
    const txn = { appId: `${name} app`, version: step.txn };
    model.transactions.set(txn.appId, txn);
    lines.push({ txn });
  }
  if (step.domain !== null) {
    const { removed, text } = step.domain;
    const domain = { domain: `${name}.d${step.domain.name}`, configuration: text, removed };
    if (removed) model.domains.delete(domain.domain);
    else model.domains.set(domain.domain, domain);
    lines.push({ domainMetadata: domain });
  }
  for (const file of step.files) lines.push(...playFile(model, file, name, root, version));
  return lines;
}

function playFile(model: Model, step: FileStep, name: string, root: string, version: number): Json[] {
  const path = spell(step, name, root);
  const key = canonicalDataPath(path, root);
  const live = model.files.get(key);
  const current = live === undefined ? undefined : numberOf(live);
  const lines: Json[] = [];
  const add = (vector: number): void => {
    const action = addOf(step, path, vector, version);
    model.files.set(key, action);
    model.tombstones.delete(`${key} ${vectorId(vector)}`);
    lines.push({ add: action });
  };
  const remove = (vector: number): void => {
    const action = removeOf(step, path, vector);
    if (current === vector) model.files.delete(key);
    model.tombstones.set(`${key} ${vectorId(vector)}`, action);
    lines.push({ remove: action });
  };
  if (step.what === "drop") remove(current ?? step.vector);
  else if (current === undefined) add(step.vector);
  else if (step.what === "touch" || current === step.vector) add(current);
  else {
    // The same file with other rows deleted: in the log in any order, in the model the remove first.
    remove(current);
    add(step.vector);
    if (!step.removeFirst) lines.reverse();
  }
  return lines;
}

/** One of the ways to write the path of a file: all of them name the same one. */
function spell({ file, spelling }: FileStep, name: string, root: string): string {
  const own = NAMES[file];
  if (own === undefined) {
    return spelling % 2 === 0 ? `s3://bucket/${name}/z%20z.parquet` : `s3a://bucket//${name}/z z.parquet`;
  }
  const plain = encodeDataPath(`${name}/${own}`);
  const folder = root.replace(/\/$/, "");
  switch (spelling) {
    case 0:
      return plain;
    case 1:
      return `./${plain}`;
    case 2:
      return `${folder}/${plain}`;
    case 3:
      return plain.replace("parquet", "%70arquet");
    case 4:
      return `${folder.replace("file:///", "file:/")}/${plain}`;
    default:
      return `${folder.replace("file://", "")}//${plain}`;
  }
}

const VECTORS: readonly (Json | undefined)[] = [
  undefined,
  { storageType: "u", pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^", offset: 4, sizeInBytes: 40, cardinality: 6 },
  { storageType: "u", pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^", offset: 8, sizeInBytes: 40, cardinality: 7 },
  {
    storageType: "i",
    pathOrInlineDv: "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
    sizeInBytes: 40,
    cardinality: 6,
  },
];

/** Derived as PROTOCOL.md, "Derived Fields" says. */
export function vectorId(vector: number): string {
  const { storageType, pathOrInlineDv, offset } = VECTORS[vector] ?? {};
  if (storageType === undefined) return "";
  return `${storageType}${pathOrInlineDv}${offset === undefined ? "" : `@${offset}`}`;
}

function numberOf(action: Json): number {
  return VECTORS.indexOf(VECTORS.find((vector) => vector === action["deletionVector"]));
}

function addOf(step: FileStep, path: string, vector: number, version: number): Json {
  const { value, size, extras } = step;
  const statistics = {
    numRecords: size,
    minValues: { x: -size },
    maxValues: { x: size },
    nullCount: { x: 0 },
  };
  return {
    path,
    partitionValues: { p: value },
    size,
    modificationTime: 5 + version,
    dataChange: extras % 2 === 0,
    ...(extras & 1 ? { stats: JSON.stringify(statistics) } : {}),
    ...(extras & 2 ? { tags: { t: value, u: "1" } } : {}),
    ...(extras & 4
      ? { baseRowId: size, defaultRowCommitVersion: version, clusteringProvider: "liquid" }
      : {}),
    ...(vector === 0 ? {} : { deletionVector: VECTORS[vector] }),
  };
}

function removeOf(step: FileStep, path: string, vector: number): Json {
  return {
    path,
    deletionTimestamp: 1_800_000_000_000,
    dataChange: true,
    ...(step.extras & 1
      ? { extendedFileMetadata: true, partitionValues: { p: step.value }, size: step.size }
      : {}),
    ...(vector === 0 ? {} : { deletionVector: VECTORS[vector] }),
  };
}

function protocolWith(features: readonly string[]): Json {
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: features,
    writerFeatures: [...features, "domainMetadata"],
  };
}

function metadataWith(configuration: Readonly<Record<string, string>>): Json {
  return {
    id: "table-id",
    format: { provider: "parquet", options: {} },
    schemaString: SCHEMA,
    partitionColumns: ["p"],
    configuration,
    createdTime: 1,
  };
}

function textOf(lines: readonly Json[], odd: boolean): string {
  if (!odd) return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const unknown = { futureAction: { deep: [1, { er: null }] } };
  const spread = lines.map((line, index) => (index % 3 === 0 ? { ...unknown, ...line } : line));
  return [...spread, unknown].map((line) => JSON.stringify(line)).join("\n\n");
}

/** A V2 checkpoint in one JSON file (PROTOCOL.md, "V2 Spec"), file actions and all. */
export function checkpointText(model: Model, version: number): string {
  const lines: Json[] = [
    { checkpointMetadata: { version } },
    { protocol: model.protocol },
    { metaData: model.metadata },
    ...[...model.transactions.values()].map((txn) => ({ txn })),
    ...[...model.domains.values()].map((domainMetadata) => ({ domainMetadata })),
    ...[...model.files.values()].map((add) => ({ add })),
    ...[...model.tombstones.values()].map((remove) => ({ remove })),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}
