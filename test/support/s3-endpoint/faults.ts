import { type Fault, type FaultPlan, type FaultSwitches, NO_FAULTS } from "./fault.js";
import { S3Refusal } from "./refusal.js";
import { header, type S3Request } from "./request.js";
import { subjectOf } from "./service.js";

const SECOND_MS = 1000;

interface Delayed {
  /** Requests that come before it. */
  readonly due: number;
  readonly apply: () => void;
}

/** What goes wrong, and when. May be changed at any time; what is under way keeps what it met. */
export class Faults {
  /** Asked for each request whose signature is right and that no switch refuses. */
  plan: FaultPlan | undefined;
  #switches: FaultSwitches = NO_FAULTS;
  #arrived = 0;
  #delayed: Delayed[] = [];
  /** By prefix of a throttle: how many requests came, and since when. */
  #seen = new Map<string, { readonly since: number; readonly count: number }>();

  get switches(): FaultSwitches {
    return this.#switches;
  }

  /** Changes the switches that are named. */
  set(changed: Partial<FaultSwitches>): void {
    if (changed.throttles !== undefined) this.#seen.clear();
    this.#switches = { ...this.#switches, ...changed };
  }

  /** As in the beginning: no plan, no switch; what was delayed is forgotten. */
  clear(): void {
    this.plan = undefined;
    this.#switches = NO_FAULTS;
    this.#delayed = [];
    this.#seen.clear();
  }

  /** Applies all that is delayed, in the order in which it came. */
  applyDelayed(): void {
    for (const { apply } of this.#delayed.splice(0)) apply();
  }

  /** Counts a request in, applies what was delayed until it, and gives its number. */
  arrive(): number {
    this.#arrived += 1;
    const due = this.#delayed.filter((delayed) => delayed.due <= this.#arrived);
    this.#delayed = this.#delayed.filter((delayed) => delayed.due > this.#arrived);
    for (const { apply } of due) apply();
    return this.#arrived;
  }

  /** Has something done when so many further requests have come. */
  delay(requests: number, apply: () => void): void {
    this.#delayed.push({ due: this.#arrived + requests, apply });
  }

  /** What the plan says of a request. */
  planned(number: number, request: S3Request): Fault | undefined {
    const { operation, bucket } = request;
    const ifAbsent = header(request, "if-none-match") === "*" && request.method !== "GET";
    return this.plan?.({ number, operation, bucket, key: subjectOf(request), ifAbsent });
  }

  /** Milliseconds. */
  latency({ operation }: S3Request): number {
    const { latencyMs } = this.#switches;
    return latencyMs[operation] ?? latencyMs.all ?? 0;
  }

  isDenied(key: string): boolean {
    return this.#switches.denied.some((prefix) => key.startsWith(prefix));
  }

  /** @throws S3Refusal when a switch says that the request is refused */
  check(request: S3Request): void {
    const { unknown, bucketsGone, requesterPays } = this.#switches;
    const subject = subjectOf(request);
    if (unknown.includes(request.operation)) throw new S3Refusal("NotImplemented");
    const pays = header(request, "x-amz-request-payer") === "requester";
    // A bucket is named by its own operations alone; of many keys, each is asked for when it is deleted.
    const isOfKeys = request.key !== "" || request.operation === "ListObjectsV2";
    if ((isOfKeys && this.isDenied(subject)) || (requesterPays && !pays)) throw new S3Refusal("AccessDenied");
    this.#throttle(subject);
    if (bucketsGone) throw new S3Refusal("NoSuchBucket");
  }

  #throttle(subject: string): void {
    for (const throttle of this.#switches.throttles) {
      if (!subject.startsWith(throttle.prefix)) continue;
      const now = performance.now();
      const seen = this.#seen.get(throttle.prefix) ?? { since: now, count: 0 };
      const isOver = "perSecond" in throttle && now - seen.since >= SECOND_MS;
      const { since, count } = isOver ? { since: now, count: 0 } : seen;
      this.#seen.set(throttle.prefix, { since, count: count + 1 });
      const isSlowed = "perSecond" in throttle ? count >= throttle.perSecond : count < throttle.first;
      if (isSlowed) throw new S3Refusal("SlowDown");
    }
  }
}
