import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
/** The built command; `npm test` builds it first. */
export const GRIZZLY = path.join(ROOT, "dist/src/cli/main.js");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** Leaves standard input open after `input`, as a terminal or an endless pipe does. */
  readonly holdInput?: boolean;
  /** Called with the running process, to send it signals or close its pipes. */
  readonly onStart?: (process: ChildProcess) => void;
}

/** Runs the built `grizzly` to its end. */
export function grizzly(args: readonly string[], options: RunOptions): Promise<Finished> {
  return runProcess(process.execPath, [GRIZZLY, ...args], options);
}

/** Runs a program to its end, whatever its exit code. */
export function runProcess(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const { GRIZZLY_LAKE: _lake, ...inherited } = process.env;
    const child = spawn(command, args, { cwd: options.cwd, env: { ...inherited, ...options.env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    // A process may end before it has read its input.
    child.stdin.on("error", () => {});
    child.on("close", (code) => {
      resolve({
        code,
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: Buffer.concat(err).toString("utf8"),
      });
    });
    child.stdin.write(options.input ?? "");
    if (options.holdInput !== true) child.stdin.end();
    options.onStart?.(child);
  });
}
