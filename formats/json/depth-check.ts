import { open } from "node:fs/promises";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import { MAXIMUM_DEPTH } from "./fit/json-cursor.js";
import type { JsonRecords } from "./read-json.js";

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A line that is no longer cannot nest so deep that the engine, which goes in by recursion, runs out of stack. */
const SAFE_LINE_BYTES = 8 * 1024;
const PIECE_BYTES = 1024 * 1024;

/**
 * Looks for values that nest so deep that the engine's process would end with them. Of lines, only long ones are
 * looked at.
 *
 * @throws LakeError `invalid-input` without a place; whoever reads the file as a whole finds it.
 */
export async function refuseDeepValues(
  { localPath, layout }: JsonRecords,
  signal: AbortSignal | undefined,
): Promise<void> {
  const gauge = new DepthGauge(layout === "lines");
  const file = await open(localPath);
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (let isEnd = false; !isEnd; ) {
      throwIfCancelled(signal);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      isEnd = bytesRead === 0;
      if (gauge.exceedsIn(buffer.subarray(0, bytesRead))) {
        throw new LakeError("invalid-input", "json-depth", `values nest deeper than ${MAXIMUM_DEPTH} times`);
      }
    }
  } finally {
    await file.close();
  }
}

/** Counts brackets that are open, piece of text after piece. */
class DepthGauge {
  readonly #isLines: boolean;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #isLineStart = true;

  constructor(isLines: boolean) {
    this.#isLines = isLines;
  }

  /** Whether brackets nest deeper than they may by the end of a piece. */
  exceedsIn(data: Buffer): boolean {
    let at = 0;
    while (at < data.length) {
      if (this.#isLines && this.#isLineStart) {
        const end = data.lastIndexOf(NEWLINE, Math.min(at + SAFE_LINE_BYTES, data.length - 1));
        if (end >= at) {
          at = end + 1;
          continue;
        }
      }
      this.#isLineStart = false;
      const byte = data[at++] ?? 0;
      if (byte === NEWLINE && this.#isLines) this.#endLine();
      else if (this.#inString) this.#takeInString(byte);
      else if (byte === QUOTE) this.#inString = true;
      // { or [, } or ]
      else if ((byte | 0x20) === 0x7b) this.#depth++;
      else if ((byte | 0x20) === 0x7d) this.#depth--;
      if (this.#depth > MAXIMUM_DEPTH + 1) return true;
    }
    return false;
  }

  #takeInString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #endLine(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#isEscaped = false;
    this.#isLineStart = true;
  }
}
