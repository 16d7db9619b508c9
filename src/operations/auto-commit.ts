import {
  type Clock,
  delay,
  isLakeError,
  LakeError,
  type Logger,
  throwIfCancelled,
} from "../../core/index.js";
import type {
  CommitOutcome,
  DeltaTable,
  Metadata,
  Snapshot,
  StagedCommit,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import type { ResolvedTable } from "../table-resolver.js";
import { afterCommit } from "./after-commit.js";
import { isBlindAppend } from "./group-commit/append.js";
import { type AppendOutcome, AppendQueue } from "./group-commit/append-queue.js";
import type {
  ApplicationTransaction,
  OperationOutcome,
  OperationRunner,
  PreparedChange,
  RunOptions,
  TableOperation,
} from "./table-operation.js";

/** An operation is made so often at most, where it does not say. */
const ATTEMPTS = 10;
const LONGEST_BACKOFF_MS = 2_000;

/**
 * Runs each operation in a commit of its own; one that lost to another writer is made again. Operations that only add
 * rows, and are run at the same time, share commits.
 */
export class AutoCommit implements OperationRunner {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #appends = new WeakMap<DeltaTable, AppendQueue>();

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  async run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    { application, signal }: RunOptions = {},
  ): Promise<OperationOutcome<R>> {
    const { table, label } = target;
    const { attempts = ATTEMPTS } = operation;
    let lostTo: Extract<CommitOutcome, { readonly status: "conflict" }> | undefined;
    for (let lost = 0; lost < attempts; lost++) {
      if (lost > 0 && operation.attempts !== undefined) await backOff(lost, signal);
      const read = await (target.toChange?.(signal) ?? table.snapshotIfExists(signal));
      if (read !== undefined) table.checkWritable(read);
      const skipped = skippedBefore(read, application);
      if (skipped !== undefined) return skipped;
      const prepared = await operation.prepare(read);
      const staged = stagedWith(prepared, operation, application, this.#clock);
      if (staged === undefined) {
        if (prepared.status === "nothing") return { status: "done", result: prepared.result };
        throw new LakeError("internal", "nothing-staged", `${operation.name} staged nothing`);
      }
      const outcome = await this.#commit(target, read, prepared, staged, signal);
      if (outcome.status === "not-tried") throw outcome.error;
      if (outcome.status === "committed") {
        await outcome.maintained;
        const { version, filesRemoved } = outcome.committed;
        const result =
          prepared.status === "nothing" ? prepared.result : prepared.result({ version, filesRemoved });
        return { status: "done", result };
      }
      lostTo = outcome;
      // Where losing is how writers take turns, it is not worth anybody's notice.
      if (operation.attempts !== undefined) continue;
      this.#logger.warn(`${label}: ${outcome.conflict.message}; ${operation.name} begins again`);
    }
    const why = lostTo === undefined ? "" : `: ${lostTo.conflict.message}`;
    throw new LakeError(
      "conflict",
      "operation-conflict",
      `${operation.name} of ${label} lost to other writers ${attempts} times${why}`,
      { hint: "Nothing was committed. Run it again." },
    );
  }

  async #commit<R>(
    target: ResolvedTable,
    read: Snapshot | undefined,
    prepared: PreparedChange<R>,
    staged: StagedCommit,
    signal: AbortSignal | undefined,
  ): Promise<AppendOutcome> {
    const discard = async (): Promise<void> => {
      if (prepared.status === "staged") await prepared.files.discard();
    };
    try {
      throwIfCancelled(signal);
      const outcome =
        read !== undefined && isBlindAppend(staged)
          ? await this.#appendsTo(target).commit({ read, staged, signal })
          : await this.#commitAlone(target, read, staged, signal);
      if (outcome.status !== "committed") await discard();
      return outcome;
    } catch (error) {
      // A commit that failed for want of an answer may yet be in the log: then the files must stay.
      if (isLakeError(error, "cancelled") || isLakeError(error, "conflict")) await discard();
      throw error;
    }
  }

  async #commitAlone(
    { table }: ResolvedTable,
    read: Snapshot | undefined,
    staged: StagedCommit,
    signal: AbortSignal | undefined,
  ): Promise<AppendOutcome> {
    const outcome = await table.commit(read, staged, signal);
    if (outcome.status === "conflict") return outcome;
    const maintained = this.#maintain(table, outcome, staged.metadata ?? read?.metadata);
    return { status: "committed", committed: outcome, maintained };
  }

  #appendsTo({ table, label }: ResolvedTable): AppendQueue {
    const known = this.#appends.get(table);
    if (known !== undefined) return known;
    const queue = new AppendQueue(table, label, (committed, metadata) =>
      this.#maintain(table, committed, metadata),
    );
    this.#appends.set(table, queue);
    return queue;
  }

  #maintain(
    table: DeltaTable,
    committed: Extract<CommitOutcome, { readonly status: "committed" }>,
    metadata: Metadata | undefined,
  ): Promise<void> {
    return afterCommit({ logger: this.#logger }, table, committed, metadata);
  }
}

/** Writers of which one at a time can win do not meet again at once. */
function backOff(lost: number, signal: AbortSignal | undefined): Promise<void> {
  return delay(Math.random() * Math.min(LONGEST_BACKOFF_MS, 10 * 2 ** lost), signal);
}

/** Whether an application has committed this version, or a later one, before. Pure. */
export function skippedBefore(
  read: Snapshot | undefined,
  application: ApplicationTransaction | undefined,
): Extract<OperationOutcome<never>, { readonly status: "skipped" }> | undefined {
  if (read === undefined || application === undefined) return undefined;
  const before = read.transactions.get(application.appId)?.version;
  return before === undefined || before < application.version
    ? undefined
    : { status: "skipped", version: read.version, committedVersion: before };
}

/** What is committed: of an application also the fact that it was here, were it in vain. */
export function stagedWith<R>(
  prepared: PreparedChange<R>,
  { name }: TableOperation<R>,
  application: ApplicationTransaction | undefined,
  clock: Clock,
): StagedCommit | undefined {
  const staged = prepared.status === "staged" ? prepared.staged : undefined;
  if (application === undefined) return staged;
  const base: StagedCommit = staged ?? {
    operation: name,
    operationParameters: {},
    operationMetrics: {},
    adds: [],
    replaces: { kind: "none" },
    engineInfo: ENGINE_INFO,
  };
  const transaction = { ...application, lastUpdated: BigInt(clock.now()) };
  return { ...base, transactions: [...(base.transactions ?? []), transaction] };
}
