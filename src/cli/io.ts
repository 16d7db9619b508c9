import type { Readable, Writable } from "node:stream";
import { isLakeError, LakeError } from "../../core/index.js";

/** A stream that text goes to; a write is done when the stream has taken it. */
export class TextOutput {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number };

  constructor(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }) {
    this.stream = stream;
    // The callback of `write` reports the failure; without a listener it would be thrown as well.
    stream.on("error", () => {});
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  /** Columns of the terminal; undefined when it is none. */
  get width(): number | undefined {
    return this.isTerminal ? (this.stream.columns ?? 80) : undefined;
  }

  /**
   * @throws LakeError `cancelled` with code `cli-broken-pipe` when the reader has gone (`| head`).
   */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (text === "") return resolve();
      this.stream.write(text, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(writeError(error));
      });
    });
  }
}

function writeError(error: Error): LakeError {
  if ("code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")) {
    return new LakeError("cancelled", "cli-broken-pipe", "the reader of the output has gone", {
      cause: error,
    });
  }
  return new LakeError("unavailable", "cli-output", `cannot write the output: ${error.message}`, {
    cause: error,
  });
}

export function isBrokenPipe(error: unknown): boolean {
  return isLakeError(error, "cancelled") && error.code === "cli-broken-pipe";
}

/** The process as a command sees it. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}
