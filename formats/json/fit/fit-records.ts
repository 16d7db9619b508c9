import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import type { LakeError } from "../../../core/index.js";
import { type FailurePlace, invalidSource } from "../../failure.js";
import { VALUE_DOES_NOT_FIT } from "../../inference/value-kinds.js";
import type { Misfits } from "../../opened-source.js";
import type { JsonLayout } from "../json-scanner.js";
import { type Misfit, RecordFitter, type RecordTarget } from "./record-fitter.js";
import { RecordOutput } from "./record-output.js";
import { readWindows, type Window } from "./record-stream.js";
import { type RecordPlace, rescuedRecord, rescuedValues } from "./rescued-record.js";

const NEWLINE = 0x0a;
const COMMA = 0x2c;
/** Of a value, in a message. */
const LONGEST_SHOWN_BYTES = 100;

interface Fault {
  /** A position; none where it is the record as a whole that is at fault. */
  readonly at: number | undefined;
  readonly what: string;
}

const NO_TEXT: Fault = { at: undefined, what: "the text is not UTF-8" };

export interface RecordFile {
  readonly localPath: string;
  /** As a person would name it. */
  readonly uri: string;
  /** A `file://` URI. */
  readonly fileUri: string;
}

export interface FitRequest {
  readonly files: readonly RecordFile[];
  readonly layout: JsonLayout;
  readonly target: RecordTarget;
  /** `drop`: what cannot be read is left out. */
  readonly misfits: Misfits | "drop";
  /** Keys, which no record has, of what records get beside their own. */
  readonly added: {
    readonly rescued: string;
    /** The place of the record in its file. */
    readonly row?: string | undefined;
    readonly file?: string | undefined;
  };
}

export interface FittedRecords {
  readonly records: number;
  /** How many of them could not be read. */
  readonly broken: number;
  /** Bytes. */
  readonly longestRecord: number;
}

/**
 * Writes the records of files to a new file of lines, each such that the engine reads it with the target's types and
 * keeps every value exactly. What does not fit is refused, or becomes a value of the record itself.
 *
 * @throws LakeError `invalid-input` naming file, line and column of what does not fit, or of a fault in an array or a
 *   document, which cannot be cut where it is broken.
 */
export async function fitRecords(
  request: FitRequest,
  targetPath: string,
  signal: AbortSignal | undefined,
): Promise<FittedRecords> {
  const target = await open(targetPath, "wx");
  try {
    const output = new RecordOutput(target);
    const fitter = new RecordFitter(request.target, { newlines: request.layout !== "lines" });
    let records = 0;
    let broken = 0;
    let longestRecord = 0;
    for (const file of request.files) {
      const reading = new FileFitter(request, file, fitter, output);
      const take = (window: Window): number =>
        request.layout === "lines" ? reading.lines(window) : reading.values(window);
      await readWindows(file.uri, file.localPath, take, () => output.flushFull(), signal);
      records += reading.records;
      broken += reading.broken;
      longestRecord = Math.max(longestRecord, reading.longestLine);
    }
    await output.flush();
    return { records, broken, longestRecord: Math.max(longestRecord, output.longestLine) };
  } finally {
    await target.close();
  }
}

/** One file on its way to the output. */
class FileFitter {
  /** All, and those that could not be read. */
  records = 0;
  broken = 0;
  longestLine = 0;
  readonly #request: FitRequest;
  readonly #file: RecordFile;
  readonly #fitter: RecordFitter;
  readonly #output: RecordOutput;
  /** Lines that ended before the window, and the bytes before it. */
  #linesBefore = 0;
  #offset = 0;
  /** Of an array: what comes next. */
  #state: "start" | "value-or-end" | "value" | "separator" | "end" = "start";

  constructor(request: FitRequest, file: RecordFile, fitter: RecordFitter, output: RecordOutput) {
    this.#request = request;
    this.#file = file;
    this.#fitter = fitter;
    this.#output = output;
  }

  /** Records that are a line each; gives the bytes that are done. */
  lines({ data: window, length, offset, isLast }: Window): number {
    // A last line that has no end gets one in the byte behind the window.
    if (isLast && length > 0 && window[length - 1] !== NEWLINE) window[length] = NEWLINE;
    const end = isLast ? length : window.lastIndexOf(NEWLINE, length - 1) + 1;
    const data = window[length] === NEWLINE && end === length ? window : window.subarray(0, end);
    const { cursor } = this.#fitter;
    cursor.data = data;
    this.#offset = offset;
    const isText = isUtf8(data);
    const copiesLines = this.#copiesLines();
    let copied = 0;
    let line = this.#linesBefore;
    for (let start = 0; start < end; ) {
      line++;
      const at = cursor.space(start);
      if (data[at] === NEWLINE) {
        start = at + 1;
        continue;
      }
      const behind = this.#fitter.read(at);
      const next = behind < 0 ? -1 : cursor.space(behind);
      const isEnded = next >= 0 && data[next] === NEWLINE;
      const newline = isEnded ? next : data.indexOf(NEWLINE, at);
      this.records++;
      const { patches, misfits } = this.#fitter;
      const isValid = isEnded && (isText || isUtf8(data.subarray(at, newline)));
      if (!isValid || !copiesLines || patches.length > 0 || misfits.length > 0) {
        if (start > copied) this.#output.copyLines(data, copied, start);
        copied = newline + 1;
        const place = { file: this.#file.uri, by: "line", number: line } as const;
        if (isValid) this.#record(place, at, behind);
        else this.#broken(place, at, newline, this.#faultOf(behind, next, isEnded));
      }
      this.longestLine = Math.max(this.longestLine, newline - start);
      start = newline + 1;
    }
    this.#linesBefore = line;
    if (end > copied) this.#output.copyLines(data, copied, data.length);
    return end;
  }

  /** What is wrong with a line: a fault in its record, bytes that are no text, or more behind the record. */
  #faultOf(behind: number, next: number, isEnded: boolean): Fault {
    if (behind < 0) return this.#fitter.cursor.fault;
    return isEnded ? NO_TEXT : { at: next, what: "expected the end of the line" };
  }

  /** The elements of an array, or values one after another; gives the bytes that are done. */
  values({ data, length, offset, isLast }: Window): number {
    const { cursor } = this.#fitter;
    cursor.data = data;
    this.#offset = offset;
    let at = 0;
    for (;;) {
      const next = cursor.space(at);
      if (next >= length && !isLast) break;
      if (next >= length && isLast) {
        const isComplete = this.#request.layout === "values" || this.#state === "end";
        if (!isComplete) throw this.#brokenFile({ at: next, what: "the text ends inside the array" });
        break;
      }
      const behind = this.#step(next, length, isLast);
      if (behind < 0) break;
      at = behind;
    }
    this.#linesBefore += newlinesIn(data, 0, at);
    return at;
  }

  /** One sign of the array or one record; -1 when the window does not hold all of it. */
  #step(at: number, length: number, isLast: boolean): number {
    if (this.#request.layout === "array") {
      const behind = this.#sign(at);
      if (behind >= 0) return behind;
    }
    const { cursor } = this.#fitter;
    const behind = this.#fitter.read(at);
    const { fault } = cursor;
    // A record that cannot be kept field by field may still be cut out.
    const end = behind < 0 ? cursor.cut(at) : behind;
    if ((end < 0 || end >= length) && !isLast) return -1;
    if (end < 0) throw this.#brokenFile(cursor.fault);
    this.records++;
    const place = { file: this.#file.uri, by: "row", number: this.records } as const;
    const isText = isUtf8(cursor.data.subarray(at, end));
    if (behind < 0 || !isText) this.#broken(place, at, end, isText ? fault : NO_TEXT);
    else this.#record(place, at, behind);
    this.longestLine = Math.max(this.longestLine, end - at);
    this.#state = "separator";
    return end;
  }

  /** A bracket or a comma of the array around the records; -1 where a record begins. */
  #sign(at: number): number {
    const byte = this.#fitter.cursor.data[at];
    switch (this.#state) {
      case "start":
        if (byte !== 0x5b) throw this.#brokenFile({ at, what: "expected '['" });
        this.#state = "value-or-end";
        return at + 1;
      case "separator":
        if (byte !== COMMA && byte !== 0x5d) throw this.#brokenFile({ at, what: "expected ',' or ']'" });
        this.#state = byte === COMMA ? "value-or-end" : "end";
        return at + 1;
      case "end":
        throw this.#brokenFile({ at, what: "expected the end of the file" });
      default:
        if (byte !== 0x5d) return -1;
        this.#state = "end";
        return at + 1;
    }
  }

  /** A record that could be read, with what it lost and got. */
  #record(place: RecordPlace, from: number, to: number): void {
    const { cursor, misfits, patches } = this.#fitter;
    const { data } = cursor;
    const [misfit] = misfits;
    if (misfit !== undefined && this.#request.misfits === "refuse") throw this.#refused(data, misfit);
    const output = this.#output;
    const { kind } = this.#request.target;
    if (kind === "any" || kind === "any-object") {
      output.copy(data, from, to);
      output.endLine();
      return;
    }
    const added = this.#added(misfit === undefined ? undefined : rescuedValues(place, data, misfits));
    const isObject = kind === "object";
    if (!isObject) output.text('{"value":');
    const end = isObject ? to - 1 : to;
    let next = from;
    for (const patch of patches) {
      output.copy(data, next, patch.from);
      output.text(patch.text);
      next = patch.to;
    }
    output.copy(data, next, end);
    if (added !== "") output.text(isObject && !needsComma(data, end) ? added : `,${added}`);
    output.text("}");
    output.endLine();
  }

  #broken(place: RecordPlace, from: number, to: number, fault: Fault): void {
    this.broken++;
    if (this.#request.misfits === "drop") return;
    if (this.#request.misfits === "refuse")
      throw this.#brokenFile({ at: fault.at ?? from, what: fault.what });
    const record = this.#fitter.cursor.data.subarray(from, to);
    this.#output.text(`{${this.#added(rescuedRecord(place, trimmed(record), fault.what))}}`);
    this.#output.endLine();
  }

  #refused(data: Buffer, { kind, path, from, to, reason }: Misfit): LakeError {
    const shown = data.toString("utf8", from, Math.min(to, from + LONGEST_SHOWN_BYTES));
    const what =
      kind === "field" ? `${path} is a field that ${reason}` : `${path} is ${shown}, which ${reason}`;
    return invalidSource(this.#file.uri, VALUE_DOES_NOT_FIT, what, this.#placeOf(from));
  }

  #brokenFile({ at, what }: { readonly at: number; readonly what: string }): LakeError {
    return invalidSource(this.#file.uri, "broken-json", `the JSON is broken: ${what}`, this.#placeOf(at), {
      hint: "Correct the record or take it out.",
    });
  }

  #placeOf(at: number): FailurePlace {
    const { data } = this.#fitter.cursor;
    return {
      line: this.#linesBefore + newlinesIn(data, 0, at) + 1,
      column: at === 0 ? 1 : at - data.lastIndexOf(NEWLINE, at - 1),
      offset: this.#offset + at,
    };
  }

  /** Whether a line that fits is right as it is. */
  #copiesLines(): boolean {
    const { added, target } = this.#request;
    return added.row === undefined && added.file === undefined && target.kind !== "value";
  }

  #added(rescued: string | undefined): string {
    const { added } = this.#request;
    const members: string[] = [];
    if (rescued !== undefined) members.push(`${JSON.stringify(added.rescued)}:${JSON.stringify(rescued)}`);
    if (added.row !== undefined) members.push(`${JSON.stringify(added.row)}:${this.records}`);
    if (added.file !== undefined) {
      members.push(`${JSON.stringify(added.file)}:${JSON.stringify(this.#file.fileUri)}`);
    }
    return members.join(",");
  }
}

/** Whether an object whose closing brace is at `end` has a member that no comma follows. */
function needsComma(data: Buffer, end: number): boolean {
  let at = end - 1;
  while (data[at] === 0x20 || data[at] === 0x09 || data[at] === 0x0d || data[at] === NEWLINE) at--;
  return data[at] !== 0x7b && data[at] !== COMMA;
}

/** A line without the half of its end that Windows writes. */
function trimmed(record: Buffer): Buffer {
  return record.at(-1) === 0x0d ? record.subarray(0, -1) : record;
}

function newlinesIn(data: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = data.indexOf(NEWLINE, from); at >= 0 && at < to; at = data.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
