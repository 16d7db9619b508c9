import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../support/grizzly.js";

const START_MS = 180_000;
const REQUEST_MS = 240_000;
const CLOSE_MS = 20_000;

/** A request of peer.py without its id. */
export type Request = Readonly<Record<string, unknown>>;

/** An answer of peer.py without its id: a fault is one of the peer's own, no refusal of Spark. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: PeerError }
  | { readonly fault: string };

/** How Spark refused: the class of the exception, Spark's error condition where it has one, its message. */
export interface PeerError {
  readonly class: string;
  readonly condition: string | null;
  readonly message: string;
}

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

/**
 * One running peer.py. It answers one request after the other. A start or a request that takes too long ends it;
 * when its standard input ends, so do Python and the Java that it started.
 */
export class SparkProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #log = "";
  #over: Error | undefined;

  /** @throws Error when the virtual environment is not there, or Spark does not start; with what it said. */
  static async start(): Promise<SparkProcess> {
    const python = process.env["GRIZZLY_PYTHON"];
    if (python === undefined || !existsSync(python)) {
      throw new Error("GRIZZLY_PYTHON names no Python: run npm run test:interop");
    }
    const peer = new SparkProcess(python);
    await peer.#expect(0, "start", START_MS);
    return peer;
  }

  private constructor(python: string) {
    const child = spawn(python, ["-B", path.join(ROOT, "test/interop/spark/peer.py")], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-20_000);
    });
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#receive(line));
    this.#ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#giveUp(new Error(`the Spark peer ended: ${reason}\n${this.#log}`));
        resolve();
      };
      child.on("error", (error) => end(error.message));
      child.on("close", (code, signal) => end(String(signal ?? code)));
    });
  }

  get running(): boolean {
    return this.#over === undefined;
  }

  request(request: Request): Promise<Answer> {
    this.#last += 1;
    const id = this.#last;
    const answer = this.#expect(id, JSON.stringify(request), REQUEST_MS);
    this.#child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`);
    return answer;
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #expect(id: number, what: string, milliseconds: number): Promise<Answer> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#giveUp(new Error(`the Spark peer took over ${milliseconds} ms: ${what}\n${this.#log}`));
        this.#child.kill("SIGKILL");
      }, milliseconds);
      const settled = (): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        settle: (answer) => {
          settled();
          resolve(answer);
        },
        fail: (error) => {
          settled();
          reject(error);
        },
      });
    });
  }

  #receive(line: string): void {
    const { id, ...answer }: { readonly id: number } & Answer = JSON.parse(line);
    this.#pending.get(id)?.settle(answer);
  }

  #giveUp(error: Error): void {
    this.#over ??= error;
    for (const pending of [...this.#pending.values()]) pending.fail(this.#over);
  }
}
