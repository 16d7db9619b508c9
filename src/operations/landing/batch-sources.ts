import { isLakeError, type LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  type HeldSources,
  type Misfits,
  type OpenedSource,
  openSources,
  type SourceFile,
} from "../../../formats/index.js";
import { type FileToLand, type HoldSources, placeOf } from "./landing-files.js";
import { type FileOfRows, type LandingSource, withRescueHint } from "./landing-source.js";
import type { SourceState } from "./misfit.js";

export interface OpenBatchOptions {
  readonly hold: HoldSources;
  /** Whether each file is a source of its own. */
  readonly apart: boolean;
  readonly avroSchema?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Opens the files of a commit, once for as long as they are the same; objects are on the disk for that long. */
export class BatchOpener {
  readonly #options: OpenBatchOptions;
  #key: string | undefined;
  #sources: BatchSources | undefined;
  #held: HeldSources | undefined;

  constructor(options: OpenBatchOptions) {
    this.#options = options;
  }

  /** @throws LakeError `invalid-input` naming a file that is damaged or no file of records. */
  async open(session: Session, files: readonly FileToLand[], rescue: boolean): Promise<BatchSources> {
    const key = JSON.stringify([rescue, files.map(({ source }) => placeOf(source))]);
    if (this.#sources !== undefined && this.#key === key) return this.#sources;
    const held = await this.#options.hold(files.map(({ source }) => source));
    try {
      await this.dispose();
    } finally {
      this.#held = held;
    }
    this.#sources = await BatchSources.open(session, held.files, rescue ? "rescue" : "refuse", this.#options);
    this.#key = key;
    return this.#sources;
  }

  async dispose(): Promise<void> {
    const [sources, held] = [this.#sources, this.#held];
    this.#sources = undefined;
    this.#held = undefined;
    try {
      await sources?.dispose();
    } finally {
      await held?.release();
    }
  }
}

/** The sources of one commit. One that was read with types too narrow for a late value is opened anew. */
export class BatchSources {
  #states: readonly SourceState[] = [];
  readonly #all = new Set<OpenedSource>();

  static async open(
    session: Session,
    files: readonly SourceFile[],
    misfits: Misfits,
    { apart, avroSchema, signal }: OpenBatchOptions,
  ): Promise<BatchSources> {
    const sources = new BatchSources();
    const open = (group: readonly SourceFile[]): Promise<OpenedSource[]> =>
      openSources(session, group, { signal, misfits, avroSchema });
    const opened: OpenedSource[] = [];
    try {
      for (const group of apart ? files.map((file) => [file]) : [files]) {
        const found = await open(group);
        opened.push(...found);
        for (const source of found) sources.#all.add(source);
      }
    } catch (error) {
      await sources.dispose();
      throw misfits === "refuse" && isBroken(error) ? withRescueHint(error) : error;
    }
    sources.#states = opened.map((source): SourceState => ({ source, reading: "inferred", reopened: 0 }));
    return sources;
  }

  get states(): readonly SourceState[] {
    return this.#states;
  }

  /** Bytes of all sources, as they were found. */
  get bytes(): number {
    return this.#states.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  }

  replace(index: number, state: SourceState): void {
    this.#states = this.#states.with(index, state);
    this.#all.add(state.source);
  }

  async dispose(): Promise<void> {
    for (const source of this.#all) await source.dispose();
    this.#all.clear();
  }
}

/** The source as its plan sees it. */
export function asLandingSource({ source, reading }: SourceState): LandingSource {
  const { uri, columns, files, fitted } = source;
  return { uri, columns, isText: fitted !== undefined, file: fileOfRows(files), reading };
}

/** Codes of records that cannot be read. */
const BROKEN: ReadonlySet<string> = new Set([
  "broken-json",
  "broken-csv",
  "unreadable-json",
  "unreadable-csv",
]);

function isBroken(error: unknown): error is LakeError {
  return isLakeError(error, "invalid-input") && BROKEN.has(error.code);
}

function fileOfRows(files: readonly SourceFile[]): FileOfRows {
  const [file, ...others] = files;
  if (file?.identity === undefined) return { kind: "none" };
  return others.length > 0 ? { kind: "each" } : { kind: "one", uri: file.identity };
}
