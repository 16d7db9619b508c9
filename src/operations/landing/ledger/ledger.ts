import { basename } from "node:path/posix";
import { type Clock, isLakeError, LakeError, systemClock } from "../../../../core/index.js";
import type { Session } from "../../../../engine/index.js";
import type { ObjectStore } from "../../../../object-store/index.js";
import type { SetTransaction, Snapshot, TableFolder } from "../../../../table-format/index.js";
import { compareFiles } from "./compare-files.js";
import type { FoundFile, LandedFile, LedgerComparison } from "./landed-file.js";
import { ledgerDamaged, ledgerFileMissing } from "./ledger-damage.js";
import { EMPTY_HEAD, type LedgerHead, parseHead, serializeHead } from "./ledger-head.js";
import { headPath, LEDGER_FOLDER, newLedgerVersion, newSegmentName, segmentPath } from "./ledger-version.js";
import { writeSegment } from "./segment-files.js";
import { planLedger } from "./segment-plan.js";
import { type CommittedLedger, isSweepDue, planSweep } from "./sweep-plan.js";
import { verifySegments } from "./verify-segments.js";

/**
 * The application whose transaction identifier names the ledger's version (PROTOCOL.md, "Transaction Identifiers"). All
 * writers keep it, and two landings at once conflict on it.
 */
export const LEDGER_APPLICATION = "grizzly.landing";

/** Another writer takes a version of this one's making with a probability of one in a million, each time. */
const MOST_ATTEMPTS = 5;

export interface LedgerOptions {
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StageOptions {
  /** Whether the ledger begins anew: nothing that landed before counts. Default no. */
  readonly reset?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The next version of a ledger, written and not committed. */
export interface StagedLedger {
  /** For the commit that lands the files. */
  readonly transaction: SetTransaction;
  /** Removes what was written; for a commit that did not come to be. */
  discard(): Promise<void>;
  /**
   * Deletes what readers of earlier versions are done with; for a commit that stands, and not before. It looks for
   * something to delete once an hour; where it fails, a later landing makes up for it.
   */
  tidy(signal?: AbortSignal): Promise<void>;
}

/**
 * The files that have landed in a table, as one of its versions has it. The ledger lies beside the table's data, in
 * `_grizzly/ledger/`: a head, which a `txn` action of the table names, and the Parquet files that it lists.
 */
export class Ledger {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #version: bigint | undefined;
  readonly #head: LedgerHead;

  constructor(
    store: ObjectStore,
    clock: Clock,
    { version, head }: { readonly version: bigint | undefined; readonly head: LedgerHead },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#version = version;
    this.#head = head;
  }

  /** Whether no file has landed. */
  get isEmpty(): boolean {
    return this.entries === 0;
  }

  /** About how many files have landed: one that landed twice may count twice. */
  get entries(): number {
    const { segments, recent } = this.#head;
    return segments.reduce((sum, segment) => sum + segment.entries, recent.length);
  }

  /**
   * Tells which of some files have landed before, by their URI, size and modification time.
   *
   * @throws LakeError `corrupt` where a file of the ledger is lost or damaged.
   */
  compare(session: Session, found: readonly FoundFile[], signal?: AbortSignal): Promise<LedgerComparison> {
    return compareFiles(session, this.#store, this.#head, found, signal);
  }

  /**
   * Reads all of it: for who can do without a ledger that is damaged, and is to know before files land.
   *
   * @throws LakeError `corrupt` where a file of the ledger is lost or damaged.
   */
  verify(session: Session, signal?: AbortSignal): Promise<void> {
    return verifySegments(session, this.#store, this.#head.segments, signal);
  }

  /**
   * Writes the version of the ledger in which these files have landed, too; of a file that landed before, this is now
   * what is known. Nothing is left of it when it fails.
   */
  async stage(
    session: Session,
    landed: readonly LandedFile[],
    { reset = false, signal }: StageOptions = {},
  ): Promise<StagedLedger> {
    const now = this.#clock.now();
    const { recent, kept, written, retired } = planLedger(this.#head, landed, { reset, now });
    const isDue = isSweepDue(this.#head, now);
    const segments = [...kept];
    const newSegments: string[] = [];
    const deleteSegments = (): Promise<void> => this.#store.delete(newSegments.map(segmentPath));
    if (written !== undefined) {
      const name = newSegmentName(newLedgerVersion(this.#version, now));
      segments.push(await writeSegment(session, this.#store, name, written, signal));
      newSegments.push(name);
    }
    const head = { segments, recent, retired, sweptAt: isDue ? now : this.#head.sweptAt };
    try {
      const version = await this.#putHead(head, now, signal);
      return {
        transaction: { appId: LEDGER_APPLICATION, version, lastUpdated: undefined },
        discard: () => this.#store.delete([headPath(version), ...newSegments.map(segmentPath)]),
        tidy: (tidySignal) => this.#tidy({ version, base: this.#version, head }, isDue, tidySignal),
      };
    } catch (error) {
      await deleteSegments();
      throw error;
    }
  }

  async #putHead(head: LedgerHead, now: number, signal: AbortSignal | undefined): Promise<bigint> {
    const bytes = new TextEncoder().encode(serializeHead(head));
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const version = newLedgerVersion(this.#version, now);
      const { status } = await this.#store.putIfAbsent(headPath(version), bytes, { signal });
      if (status === "created") return version;
    }
    throw new LakeError(
      "conflict",
      "ledger-version",
      `${this.#store.uri}: no version of the landing ledger is free`,
      { hint: "Run it again." },
    );
  }

  async #tidy(committed: CommittedLedger, isDue: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (!isDue) return;
    const names: string[] = [];
    for await (const { path } of this.#store.list(`${LEDGER_FOLDER}/`, { signal }))
      names.push(basename(path));
    const idle = planSweep(names, committed, this.#clock.now());
    await this.#store.delete(idle.map(segmentPath), { signal });
  }
}

/**
 * Opens the ledger of a table as a version of it has it; empty where nothing has landed yet.
 *
 * A version that is an hour old may name files that are gone ({@link isLedgerFileMissing}): read the table's newest
 * version then, and try again, once.
 *
 * @param read `undefined` when there is no table yet
 * @throws LakeError `corrupt` where the head is lost or damaged, `unsupported` where a later release wrote it.
 */
export async function openLedger(
  { store }: TableFolder,
  read: Snapshot | undefined,
  { clock = systemClock, signal }: LedgerOptions = {},
): Promise<Ledger> {
  const version = read?.transactions.get(LEDGER_APPLICATION)?.version;
  // A transaction of several tables that was undone leaves -1 where there was no ledger before.
  if (version !== undefined && version >= 0n) {
    return new Ledger(store, clock, { version, head: await readHead(store, version, signal) });
  }
  await checkNotForgotten(store, version, read, signal);
  return new Ledger(store, clock, { version: undefined, head: { ...EMPTY_HEAD, sweptAt: clock.now() } });
}

/** A ledger that knows of no file, for a table whose own is damaged. */
export function renewedLedger(
  { store }: TableFolder,
  read: Snapshot | undefined,
  { clock = systemClock }: Pick<LedgerOptions, "clock"> = {},
): Ledger {
  const version = read?.transactions.get(LEDGER_APPLICATION)?.version;
  return new Ledger(store, clock, { version, head: { ...EMPTY_HEAD, sweptAt: clock.now() } });
}

async function readHead(
  store: ObjectStore,
  version: bigint,
  signal: AbortSignal | undefined,
): Promise<LedgerHead> {
  const path = headPath(version);
  const file = `${store.uri}/${path}`;
  let bytes: Uint8Array;
  try {
    bytes = await store.get(path, { signal });
  } catch (error) {
    if (isLakeError(error, "not-found")) throw ledgerFileMissing(file, error);
    throw error;
  }
  return parseHead(decodeText(bytes, file), file);
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw ledgerDamaged(file, "is no UTF-8", error);
  }
}

/** Writers leave old transaction identifiers out of checkpoints where this property says so. */
const RETENTION_PROPERTY = "delta.setTransactionRetentionDuration";

/** @throws LakeError `corrupt` where a table may have had a ledger and another writer has dropped its `txn`. */
async function checkNotForgotten(
  store: ObjectStore,
  version: bigint | undefined,
  read: Snapshot | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (version !== undefined || read?.metadata.configuration[RETENTION_PROPERTY] === undefined) return;
  for await (const { path } of store.list(`${LEDGER_FOLDER}/`, { signal })) {
    throw new LakeError(
      "corrupt",
      "ledger-forgotten",
      `${store.uri} does not say any more which landing ledger is its own: a writer has dropped that, as ` +
        `${RETENTION_PROPERTY} allows`,
      {
        context: { file: path },
        hint:
          `Unset ${RETENTION_PROPERTY}. Then land with --again, which lands every file that is given and ` +
          "begins a ledger that knows those files only.",
      },
    );
  }
}
