import { isLakeError, messageOf } from "../../core/index.js";
import type { Row, Session } from "../../engine/index.js";
import type { Finding, FindingCode, FindingPlace } from "./finding.js";
import { FINDING_KINDS } from "./finding-kinds.js";

/** A finding without what its code says already. */
export interface FoundHere {
  readonly message: string;
  readonly place?: FindingPlace | undefined;
}

/** Gathers findings: all are counted, the first few of each code are kept. */
export class FindingLog {
  readonly #limit: number;
  readonly #counts = new Map<FindingCode, bigint>();
  readonly #kept = new Map<FindingCode, Finding[]>();

  /** @param limit findings of one code that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(code: FindingCode, message: string, place: FindingPlace = {}): void {
    this.#count(code, 1n);
    this.#keep(code, { message, place });
  }

  /**
   * One finding for each row of a query; the engine counts them, and no more rows than are kept leave it.
   *
   * @param sql a SELECT whose columns `describe` turns into a finding
   */
  async addRows(
    session: Session,
    code: FindingCode,
    sql: string,
    describe: (row: Row) => FoundHere,
    signal?: AbortSignal,
  ): Promise<bigint> {
    const rows = await session.rows(
      `SELECT *, count(*) OVER () AS fsck_total FROM (${sql}) LIMIT ${Math.max(1, this.#limit)}`,
      { signal },
    );
    const total = BigInt(String(rows[0]?.["fsck_total"] ?? 0));
    if (total > 0n) this.#count(code, total);
    for (const row of rows) this.#keep(code, describe(row));
    return total;
  }

  /**
   * Runs one check so that its failure stops no other one. What the store, the engine or the table refuse
   * becomes a finding; a cancellation and a fault of ours do not.
   *
   * @param what the check looks at, as the subject of a sentence
   */
  async attempt<T>(what: string, check: () => Promise<T>, place: FindingPlace = {}): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      if (!isLakeError(error) || error.kind === "cancelled") throw error;
      // The engine calls some of what damaged files make it do its own faults.
      if (error.kind === "internal" && !error.code.startsWith("engine")) throw error;
      this.add("check-incomplete", `${what} could not be checked: ${firstLine(error)}`, place);
      return undefined;
    }
  }

  /** How many findings there are of each code, kept or not. */
  get counts(): ReadonlyMap<FindingCode, bigint> {
    return this.#counts;
  }

  /** The findings that were kept, in the order of the kinds. */
  get kept(): readonly Finding[] {
    const codes = Object.keys(FINDING_KINDS);
    return [...this.#kept]
      .sort(([a], [b]) => codes.indexOf(a) - codes.indexOf(b))
      .flatMap(([, findings]) => findings);
  }

  #count(code: FindingCode, more: bigint): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0n) + more);
  }

  #keep(code: FindingCode, { message, place = {} }: FoundHere): void {
    const kept = this.#kept.get(code) ?? [];
    this.#kept.set(code, kept);
    if (kept.length >= this.#limit) return;
    const { severity, remedy } = FINDING_KINDS[code];
    kept.push({ code, severity, message, place, remedy });
  }
}

/** The engine's messages go on, with the statement or with candidates. */
export function firstLine(error: unknown): string {
  return messageOf(error).split("\n", 1)[0] ?? "";
}
