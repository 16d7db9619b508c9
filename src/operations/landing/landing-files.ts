import { LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  type DiscoveredSource,
  type HeldSources,
  hashFiles,
  isLocalSource,
  isRemoteSource,
  movedFiles,
} from "../../../formats/index.js";
import type { PassedOver } from "./ingest-report.js";
import { type ChangedFile, type ChangePolicy, chooseFiles, filesToHash } from "./ledger/choose-files.js";
import { type FoundFile, type LandedFile, landedFile, tagMark } from "./ledger/landed-file.js";
import { landingBatches } from "./ledger/landing-batches.js";
import type { Ledger } from "./ledger/ledger.js";

/** A file that was found, with what a ledger calls it; standard input is in no ledger. */
export interface FileToLand {
  readonly source: DiscoveredSource;
  readonly found: FoundFile | undefined;
}

/** Brings sources to the local disk. */
export type HoldSources = (sources: readonly DiscoveredSource[]) => Promise<HeldSources>;

/** What of the files that were found is to land. */
export interface LandingChoice {
  readonly land: readonly FileToLand[];
  /** URIs of those whose former rows leave. */
  readonly replaced: readonly string[];
  readonly passed: PassedOver;
  /** Files with the content that landed, which are to be recorded as they are now. */
  readonly touched: readonly FileToLand[];
}

export function filesToLand(sources: readonly DiscoveredSource[]): FileToLand[] {
  return sources.map((source) => {
    const { identity: uri, size, modificationTime } = source;
    if (uri === undefined) return { source, found: undefined };
    const etag = isRemoteSource(source) ? source.object.etag : undefined;
    const mark = etag === undefined ? {} : { mark: tagMark(etag) };
    return { source, found: { uri, size, modificationTime, ...mark } };
  });
}

/** By which a source is told from the others of an ingest. */
export function placeOf(source: DiscoveredSource): string {
  return isRemoteSource(source) ? source.identity : source.localPath;
}

/** Objects are hashed so many at a time: that much of the disk is taken by those that nobody else holds. */
const HASHED_AT_A_TIME = { files: 256, bytes: 1024 ** 3 };

/** Hashes of files, each worked out once. */
export class FileHashes {
  readonly #hold: HoldSources;
  readonly #signal: AbortSignal | undefined;
  readonly #hashes = new Map<string, Promise<string>>();
  #begun: readonly FileToLand[] | undefined;

  constructor(hold: HoldSources, signal: AbortSignal | undefined) {
    this.#hold = hold;
    this.#signal = signal;
  }

  /** Begins with the files, so that others work meanwhile. What goes wrong is told to whoever asks. */
  begin(files: readonly FileToLand[]): void {
    if (this.#begun === files) return;
    this.#begun = files;
    this.of(files).catch(() => {});
  }

  /** The files as a ledger holds them. */
  async of(files: readonly FileToLand[]): Promise<LandedFile[]> {
    const open = files.filter(({ found }) => found !== undefined && !this.#hashes.has(found.uri));
    const hashing = this.#hash(open.map(({ source }) => source));
    for (const [index, { found }] of open.entries()) {
      if (found === undefined) continue;
      const hash = hashing.then((hashes) => hashes[index] ?? "");
      hash.catch(() => {});
      this.#hashes.set(found.uri, hash);
    }
    const landed: LandedFile[] = [];
    for (const { found } of files) {
      const hash = found && (await this.#hashes.get(found.uri));
      if (found !== undefined && hash !== undefined) landed.push(landedFile(found, hash));
    }
    return landed;
  }

  async #hash(sources: readonly DiscoveredSource[]): Promise<string[]> {
    const local = sources.filter(isLocalSource);
    if (local.length === sources.length) return hashFiles(local, this.#signal);
    const hashes: string[] = [];
    for (const some of landingBatches(sources, HASHED_AT_A_TIME)) {
      const held = await this.#hold(some);
      try {
        hashes.push(...(await hashFiles(held.files, this.#signal)));
      } finally {
        await held.release();
      }
    }
    return hashes;
  }
}

/**
 * Decides which files land, by what has landed.
 *
 * @throws LakeError `invalid-input` `source-file-changed` for changed files that the policy refuses.
 */
export async function chooseLanding(
  session: Session,
  ledger: Ledger,
  files: readonly FileToLand[],
  hashes: FileHashes,
  policy: ChangePolicy,
  signal: AbortSignal | undefined,
): Promise<LandingChoice> {
  const known = new Map(files.flatMap((file) => (file.found === undefined ? [] : [[file.found.uri, file]])));
  const found = files.flatMap((file) => file.found ?? []);
  const toFiles = (chosen: readonly FoundFile[]): FileToLand[] =>
    chosen.flatMap(({ uri }) => known.get(uri) ?? []);
  const named = (chosen: readonly FoundFile[]): string[] => toFiles(chosen).map(({ source }) => source.uri);
  if (ledger.isEmpty || (policy.again && policy.onChange !== "replace")) {
    return { land: files, replaced: [], touched: [], passed: { unchanged: [], touched: [] } };
  }
  const comparison = await ledger.compare(session, found, signal);
  const hashed = await hashes.of(toFiles(filesToHash(comparison, policy)));
  const choice = chooseFiles(found, comparison, new Map(hashed.map(({ uri, hash }) => [uri, hash])), policy);
  if (choice.refused.length > 0) throw filesChanged(choice.refused, known);
  const landing = new Set(choice.land.map(({ uri }) => uri));
  return {
    land: files.filter((file) => file.found === undefined || landing.has(file.found.uri)),
    replaced: choice.replaced.map(({ uri }) => uri),
    touched: toFiles(choice.skipped.touched),
    passed: { unchanged: named(choice.skipped.unchanged), touched: named(choice.skipped.touched) },
  };
}

/** Of so many files the names are told. */
const MAX_NAMED = 5;

function filesChanged(changed: readonly ChangedFile[], known: ReadonlyMap<string, FileToLand>): LakeError {
  const names = changed.map(({ now }) => known.get(now.uri)?.source.uri ?? now.uri);
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return new LakeError(
    "invalid-input",
    "source-file-changed",
    `${names.slice(0, MAX_NAMED).join(", ")}${more} landed before and ${names.length === 1 ? "has" : "have"} changed since`,
    {
      context: { file: names[0], files: names.length },
      hint: "Say what is to become of such files: --on-change append adds the rows that they have now, --on-change replace puts them in the place of the former ones.",
    },
  );
}

/**
 * Makes sure that files which were read are as they were found: what is wrong with their rows is their fault only then.
 * Of an object the content that was found is what was read, whatever lies under its name now.
 *
 * @throws LakeError `unavailable` `source-changed` naming a file that is not.
 */
export async function checkUnchanged(
  files: readonly FileToLand[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const sources = files.map(({ source }) => source).filter(isLocalSource);
  const [moved] = await movedFiles(sources, signal);
  if (moved === undefined) return;
  const { file, what } = moved;
  throw new LakeError(
    "unavailable",
    "source-changed",
    `${file.uri} ${what === "gone" ? "vanished" : "changed"} while it was read`,
    {
      context: { file: file.uri },
      hint: "It was not landed. Run it again when whoever writes the file is done.",
    },
  );
}
