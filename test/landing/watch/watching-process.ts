import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { GRIZZLY } from "../../support/grizzly.js";

interface WatchLine {
  readonly event: string;
  readonly growing?: number;
  readonly file?: string;
  readonly sourceFiles?: { readonly landed: number };
}

/** A `grizzly ingest --watch --json` that runs. */
export class WatchingProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  readonly lines: WatchLine[] = [];
  #errors = "";
  #wake: () => void = () => {};

  constructor(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [GRIZZLY, "ingest", ...args, "--watch", "--json"], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#exit = new Promise((resolve) => this.#child.on("close", (code) => resolve(code)));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    if (this.#child.stdout === null) throw new Error("the watch has no output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#wake();
    });
    void this.#exit.then(() => this.#wake());
  }

  get stderr(): string {
    return this.#errors;
  }

  /** Waits for a line, from the one with this index on, that passes. @returns the index after it */
  async until(from: number, passes: (line: WatchLine) => boolean): Promise<number> {
    for (let at = from; ; at++) {
      while (at >= this.lines.length) {
        if (this.#child.exitCode !== null) throw new Error(`the watch has ended: ${this.#errors}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const line = this.lines[at];
      if (line !== undefined && passes(line)) return at + 1;
    }
  }

  /** Sends Ctrl-C, or worse; gives the exit code. */
  async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exit;
  }
}
