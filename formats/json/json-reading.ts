import { join } from "node:path";
import { newUuid } from "../../core/index.js";
import { quoteString } from "../../engine/index.js";
import { invalidSource, mayBeTheFile } from "../failure.js";
import { joinLines } from "../jsonl/join-lines.js";
import type { FittedColumn, Misfits, Relation, RelationOptions } from "../opened-source.js";
import { fileUri } from "../source/file-uri.js";
import { temporaryFolder } from "../source/temporary.js";
import { refuseDeepValues } from "./depth-check.js";
import { type FieldPlan, hasLeaf, type LeafPlan, typeOfPlan } from "./field-plan.js";
import { fittedRelation, type TargetColumn } from "./fit/fitted-relation.js";
import { type TargetType, targetTypeOf } from "./fit/target-type.js";
import type { InferredJson } from "./infer-json.js";
import { type JsonSource, uriOf } from "./json-source.js";
import { columnsOf, convertedRows, hasSpellings, type JsonColumns } from "./read-json.js";
import { widened } from "./reopen-json.js";
import { strictColumns, withKeys } from "./strict-columns.js";

/** A path takes 4 KiB at most, and three times that where each of its bytes is escaped. */
const LONGEST_URI_BYTES = 16 * 1024;

/** The ways in which the rows of a source are read. */
export class JsonReading {
  readonly #source: JsonSource;
  readonly #inferred: InferredJson;
  readonly #signal: AbortSignal | undefined;
  /** A look at the depth of the file's values that was begun already. */
  readonly #depth: Promise<void> | undefined;
  /** Whether the rows were asked for last in types that were given. */
  #isFitted = false;

  constructor(
    source: JsonSource,
    inferred: InferredJson,
    depth: Promise<void> | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#depth = depth;
    this.#source = source;
    this.#inferred = inferred;
    this.#signal = signal;
  }

  async relation(options: RelationOptions = {}): Promise<Relation> {
    this.#isFitted = false;
    const { columns } = this.#inferred;
    const own = ownColumns(columns);
    if (own.length === 0) {
      throw invalidSource(this.#uri, "no-readable-records", "no record of the file can be read");
    }
    // The engine would write a number anew where it becomes a text.
    const isRewritten = columnsOf(columns).some(({ plan }) => hasLeaf(plan, losesText));
    return isRewritten || hasSpellings(columns) || this.#isNumberedByFile(options)
      ? this.#checked(own, "refuse", options)
      : this.#converted(columns, options);
  }

  async fitted(
    wanted: readonly FittedColumn[],
    misfits: Misfits,
    options: RelationOptions = {},
  ): Promise<Relation> {
    this.#isFitted = misfits === "refuse";
    const columns = withKeys(wanted, this.#inferred.columns);
    if (misfits === "refuse" && !this.#source.checked && !this.#isNumberedByFile(options)) {
      const strict = strictColumns(columns, this.#inferred.columns);
      if (strict !== undefined) return this.#converted(strict, options);
    }
    return this.#checked(columns, misfits, options);
  }

  /** Whether rows are numbered anew for each of several files, which the engine reads as one. */
  #isNumberedByFile({ numbered }: RelationOptions): boolean {
    return numbered === true && this.#source.files.length > 1;
  }

  /** The source to read after a failure. */
  async reopened(failure: unknown): Promise<JsonSource> {
    const source = { ...this.#source, checked: this.#source.checked || this.#isFitted };
    // What a look at every record refused is refused; what the engine refused may be right in another spelling.
    const isSettled = this.#inferred.exact && (!this.#isFitted || this.#source.checked);
    if (isSettled && this.#source.misfits === "refuse" && mayBeTheFile(failure)) {
      if (!this.#isFitted) await this.#explain();
    }
    return widened(source, failure, { exact: this.#inferred.exact, isSettled }, this.#signal);
  }

  /** @throws LakeError with file, line and column, where a record is not of the columns that were found. */
  async #explain(): Promise<void> {
    const rows = await this.#checked(ownColumns(this.#inferred.columns), "refuse", {});
    await rows.dispose();
  }

  /** Rows as the engine reads them; of many files, from one that holds the lines of all. */
  async #converted(columns: JsonColumns, { numbered, withFile }: RelationOptions): Promise<Relation> {
    const { files, layout, maximumRecordBytes } = this.#source;
    const [first, ...others] = files;
    if (others.length === 0) {
      const file = withFile === true ? quoteString(first.identity ?? fileUri(first.localPath)) : undefined;
      const records = { localPath: first.localPath, layout, maximumRecordBytes };
      if (!this.#inferred.exact) await (this.#depth ?? refuseDeepValues(records, this.#signal));
      return convertedRows(records, columns, { numbered, file });
    }
    const folder = await temporaryFolder();
    try {
      const localPath = join(folder.path, "lines");
      const fileKey = withFile === true ? `file ${newUuid()}` : undefined;
      await joinLines(files, localPath, fileKey, this.#signal);
      const room = fileKey === undefined ? 0 : LONGEST_URI_BYTES;
      const records = { localPath, layout, maximumRecordBytes: maximumRecordBytes + room };
      if (!this.#inferred.exact) await refuseDeepValues(records, this.#signal);
      const rows = await convertedRows(records, columns, { numbered, fileKey });
      return {
        sql: rows.sql,
        dispose: async () => {
          await rows.dispose();
          await folder.dispose();
        },
      };
    } catch (error) {
      await folder.dispose();
      throw error;
    }
  }

  get #uri(): string {
    return uriOf(this.#source.files.map((file) => file.uri));
  }

  #checked(columns: readonly FittedColumn[], misfits: Misfits, options: RelationOptions): Promise<Relation> {
    const { files, layout } = this.#source;
    const areObjects = this.#inferred.columns.kind === "keys";
    return fittedRelation({ files, layout, areObjects }, columns, misfits, options, this.#signal);
  }
}

/** The columns that a source was found to have, as columns that are wanted. */
function ownColumns(columns: JsonColumns): TargetColumn[] {
  return columnsOf(columns).map(({ key, name, plan }) => {
    return { name, type: typeOfPlan(plan), source: key, target: targetOfPlan(plan) };
  });
}

function targetOfPlan(plan: FieldPlan): TargetType {
  switch (plan.kind) {
    case "leaf":
      return isJsonText(plan) ? { kind: "json" } : targetTypeOf(plan.type);
    case "list":
      return { kind: "list", element: targetOfPlan(plan.element) };
    case "map":
      return { kind: "map", value: targetOfPlan(plan.value) };
    case "struct":
      return {
        kind: "struct",
        fields: plan.fields.map(({ key, plan: field }) => ({ name: key, type: targetOfPlan(field) })),
      };
  }
}

const isJsonText = (leaf: LeafPlan): boolean => leaf.reading === "JSON" && leaf.type === "VARCHAR";
const losesText = (leaf: LeafPlan): boolean => leaf.losesDigits === true || isJsonText(leaf);
