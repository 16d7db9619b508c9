import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";
import { ROOT } from "../support/grizzly.js";
import type { Dataset } from "./delta-rs.js";

/** delta-rs in a process that stays, and appends to tables when it is asked: python/append_on_request.py. */
export class AppendingPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  /** Answers come in the order of the questions. */
  #latest: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws Error when GRIZZLY_PYTHON does not name a Python with delta-rs. */
  static async start(): Promise<AppendingPeer> {
    const interpreter = process.env["GRIZZLY_PYTHON"];
    if (interpreter === undefined) throw new Error("GRIZZLY_PYTHON is not set: run npm run test:interop");
    const cwd = path.join(ROOT, "test/interop/python");
    const child = spawn(interpreter, ["-B", "append_on_request.py"], { cwd });
    const peer = new AppendingPeer(child);
    await peer.#answer();
    return peer;
  }

  /** Appends rows in a commit. @returns the newest version afterwards @throws Error with what delta-rs says. */
  append(table: string, dataset: Dataset): Promise<number> {
    this.#child.stdin.write(`${JSON.stringify({ path: table, dataset })}\n`);
    const before = this.#latest;
    const answer = (async (): Promise<number> => {
      await before.catch(() => undefined);
      return this.#answer();
    })();
    this.#latest = answer;
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    await exit;
    this.#lines.close();
  }

  async #answer(): Promise<number> {
    const line = await this.#answers.next();
    if (line.done === true) throw new Error("delta-rs ended");
    const answer: { readonly result: number } | { readonly error: string } = JSON.parse(line.value);
    if ("error" in answer) throw new Error(`delta-rs: ${answer.error}`);
    return answer.result;
  }
}
