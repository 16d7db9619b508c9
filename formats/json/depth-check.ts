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

/** What a byte outside of strings adds to the number of brackets that are open. */
const OPENED = new Int8Array(256);
for (const [brackets, opened] of [
  ["{[", 1],
  ["}]", -1],
] as const) {
  for (const bracket of brackets) OPENED[bracket.charCodeAt(0)] = opened;
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

  /** Whether brackets nest deeper than they may in what has been seen by the end of a piece. */
  exceedsIn(data: Buffer): boolean {
    return this.#isLines ? this.#exceedsInLines(data) : this.#exceedsInText(data);
  }

  #exceedsInLines(data: Buffer): boolean {
    for (let at = 0; at < data.length; ) {
      if (this.#isLineStart) {
        const end = data.lastIndexOf(NEWLINE, Math.min(at + SAFE_LINE_BYTES, data.length - 1));
        if (end >= at) {
          at = end + 1;
          continue;
        }
      }
      this.#isLineStart = false;
      const newline = data.indexOf(NEWLINE, at);
      const end = newline === -1 ? data.length : newline;
      if (this.#exceedsInText(data.subarray(at, end))) return true;
      at = end;
      if (newline === -1) break;
      at++;
      this.#endLine();
    }
    return false;
  }

  #exceedsInText(data: Buffer): boolean {
    const { length } = data;
    let depth = this.#depth;
    let inString = this.#inString;
    let at = this.#isEscaped ? 1 : 0;
    while (at < length) {
      // Strings have a loop of their own, which is what makes this fast.
      if (!inString) {
        let byte = data[at++];
        while (byte !== QUOTE && at < length) {
          depth += OPENED[byte ?? 0] ?? 0;
          if (depth > MAXIMUM_DEPTH + 1) return true;
          byte = data[at++];
        }
        if (byte === QUOTE) inString = true;
        else depth += OPENED[byte ?? 0] ?? 0;
      }
      while (inString && at < length) {
        const byte = data[at++];
        if (byte === QUOTE) inString = false;
        else if (byte === BACKSLASH) at++;
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#isEscaped = at > length;
    return depth > MAXIMUM_DEPTH + 1;
  }

  #endLine(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#isEscaped = false;
    this.#isLineStart = true;
  }
}
