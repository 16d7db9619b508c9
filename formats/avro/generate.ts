import { readLength } from "./block.js";
import type { Column } from "./column.js";
import type { Form, ValueForm } from "./form.js";
import type { Read } from "./read-leaf.js";
import type { ReadRows } from "./read-rows.js";
import { AvroDataError, endsEarly } from "./tap.js";

/** Values that are read in the function itself. The engine of JavaScript leaves much longer ones uncompiled. */
const MAXIMUM_VALUES = 100;

/**
 * One function that reads rows of the forms: their code one after the other, buffers and ends in local variables.
 * Undefined where code may not be generated.
 *
 * The text is put together of what stands in this file, and of numbers that count places in it. No name and no
 * value of a file or a schema comes into it: columns, readers and texts are handed over as they are.
 */
export function generatedRows(forms: readonly Form[]): ReadRows | undefined {
  const writer = new LoopWriter();
  for (const form of forms) writer.add(form);
  const make = makerOf(writer.text());
  return make?.(writer.columns, writer.reads, writer.texts, { readLength, endsEarly, notBoolean });
}

/** The latest texts. Files of one schema share what the engine of JavaScript has learned and compiled of theirs. */
const makers = new Map<string, Maker>();
const MAXIMUM_MAKERS = 64;

function makerOf(text: string): Maker | undefined {
  const known = makers.get(text);
  if (known !== undefined) return known;
  try {
    const make: unknown = new Function("columns", "reads", "texts", "calls", text);
    if (!isMaker(make)) throw new TypeError("no function came of the generated text");
    const [oldest] = makers.keys();
    if (makers.size >= MAXIMUM_MAKERS && oldest !== undefined) makers.delete(oldest);
    makers.set(text, make);
    return make;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

type Texts = readonly (Uint8Array | undefined)[];

type Maker = (
  columns: readonly (Column | undefined)[],
  reads: readonly Read[],
  texts: readonly (Texts | undefined)[],
  calls: Readonly<Record<string, unknown>>,
) => ReadRows;

/** Where the generated code comes in: it is a function of this kind since {@link LoopWriter.text} wrote it. */
const isMaker = (value: unknown): value is Maker => typeof value === "function";

function notBoolean(byte: number, at: number): AvroDataError {
  return new AvroDataError(`${byte} is no boolean`, at);
}

/**
 * Writes the code of a loop over rows. The value number k has the column `c<k>` and local variables that end
 * in its number. Bytes past the end of the data read as undefined, which counts as zero.
 */
class LoopWriter {
  readonly columns: (Column | undefined)[] = [];
  readonly reads: Read[] = [];
  readonly texts: (Texts | undefined)[] = [];
  readonly #bound: string[] = [];
  readonly #before: string[] = [];
  readonly #row: string[] = [];
  readonly #after: string[] = [];

  add(form: Form): void {
    if (form.kind === "record") {
      for (const field of form.fields) this.add(field);
      return;
    }
    const k = this.columns.length;
    const value = form.kind === "nullable" ? form.value : form;
    this.columns.push(value.kind === "call" ? undefined : value.column);
    this.texts.push(value.kind === "enum" ? value.texts : undefined);
    this.#bound.push(`const c${k} = columns[${k}], t${k} = texts[${k}];`);
    if (value.kind === "call" || k >= MAXIMUM_VALUES) {
      this.#row.push(`at = ${this.#reader(form.read)}(block, at, row);`);
      return;
    }
    const { before, read, after, slow } = codeOf(value, k, this.#reader(value.read));
    this.#before.push(before);
    this.#after.push(after);
    if (form.kind !== "nullable") {
      this.#row.push(read);
      return;
    }
    this.#before.push(`const n${k} = c${k}.validity.bits; let m${k} = 0;`);
    this.#after.push(`c${k}.validity.nulls += m${k};`);
    const ended = value.kind === "bytes" || value.kind === "enum" ? `o${k}[row + 1] = e${k};` : "";
    this.#row.push(`
      x = data[at++];
      if (x === ${2 - 2 * form.nullBranch}) {${read}}
      else if (x === ${2 * form.nullBranch}) { n${k}[row >> 3] &= ~(1 << (row & 7)); m${k}++; ${ended} }
      else {${slow(this.#reader(form.read), 1)}}`);
  }

  /** The name of a reader. */
  #reader(read: Read): string {
    const index = this.reads.push(read) - 1;
    this.#bound.push(`const r${index} = reads[${index}];`);
    return `r${index}`;
  }

  text(): string {
    return `"use strict";
      const { readLength, endsEarly, notBoolean } = calls;
      ${this.#bound.join("\n")}
      return (block, at, row, stop, limit) => {
        const { data, view } = block;
        const size = data.length;
        let x = 0, y = 0, from = 0, to = 0;
        ${this.#before.join("\n")}
        for (; row < stop && at < limit; row++) {
          ${this.#row.join("\n")}
        }
        ${this.#after.join("\n")}
        block.row = row;
        return at;
      };`;
  }
}

interface Code {
  /** Before the rows. */
  readonly before: string;
  /** Reads a value. */
  readonly read: string;
  /** Behind the rows. */
  readonly after: string;
  /** Leaves a value to a reader of it, so many bytes behind its begin. */
  readonly slow: Slow;
}

type Slow = (reader: string, bytes: number) => string;

function codeOf(form: ValueForm, k: number, reader: string): Code {
  const slow: Slow = (name, bytes) => `at = ${name}(block, at - ${bytes}, row);`;
  switch (form.kind) {
    case "number":
      return {
        before: `const w${k} = c${k}.words;`,
        read: numberCode(form.column.width, k, slow(reader, 4)),
        after: "",
        slow,
      };
    case "real":
      return {
        before: `const v${k} = c${k}.values;`,
        read: `
          if (at + ${form.bits / 8} > size) throw endsEarly(at);
          v${k}[row] = view.getFloat${form.bits}(at, true);
          at += ${form.bits / 8};`,
        after: "",
        slow,
      };
    case "boolean":
      return {
        before: `const b${k} = c${k}.bits;`,
        read: `
          x = data[at++];
          if (x > 1) throw notBoolean(x, at - 1);
          if (x === 1) b${k}[row >> 3] |= 1 << (row & 7);`,
        after: "",
        slow,
      };
    case "bytes":
    case "enum":
      return byteCode(form, k, reader);
  }
}

/** Up to 28 bits here, by far the most. */
function numberCode(width: 1 | 2 | 4, k: number, slow: string): string {
  const store = width === 1 ? `w${k}[row] = x;` : `w${k}[row * 2] = x; w${k}[row * 2 + 1] = x >> 31;`;
  return `
    number${k}: {
      x = data[at++];
      if (x > 127) {
        y = data[at++];
        x = (x & 127) | ((y & 127) << 7);
        if (y > 127) {
          y = data[at++];
          x |= (y & 127) << 14;
          if (y > 127) {
            y = data[at++];
            x |= (y & 127) << 21;
            if (y > 127) { ${slow} break number${k}; }
          }
        }
      }
      x = (x >>> 1) ^ -(x & 1);
      ${store}
    }`;
}

/** Short values are copied by four bytes at a time, up to three more than they have: there is room behind them. */
function byteCode(form: Extract<ValueForm, { kind: "bytes" | "enum" }>, k: number, reader: string): Code {
  const load = `o${k} = c${k}.offsets, b${k} = c${k}.bytes, v${k} = c${k}.view, e${k} = c${k}.end`;
  const slow: Slow = (name, bytes) =>
    `c${k}.end = e${k}; at = ${name}(block, at - ${bytes}, row); ${load.replaceAll(", ", "; ")};`;
  const room = `
    to = e${k} + x;
    if (to + 4 > b${k}.length) { c${k}.end = e${k}; c${k}.makeRoom(to + 4); b${k} = c${k}.bytes; v${k} = c${k}.view; }`;
  const copied = `
    e${k} = to;
    o${k}[row + 1] = to;`;
  const read =
    form.kind === "bytes"
      ? `
    x = data[at++];
    if (x & 129) { at = readLength(block, at - 1); x = block.count; } else x >>>= 1;
    if (at + x > size) throw endsEarly(size);
    ${room}
    if (x < 64 && at + x + 4 <= size) {
      for (from = at, y = e${k}; y < to; y += 4, from += 4) v${k}.setInt32(y, view.getInt32(from, true), true);
    } else b${k}.set(data.subarray(at, at + x), e${k});
    at += x;
    ${copied}`
      : `
    x = data[at++];
    y = x & 129 ? undefined : t${k}[x >>> 1];
    if (y === undefined) { ${slow(reader, 1)} }
    else {
      x = y.length;
      ${room}
      for (from = 0; from < x; from++) b${k}[e${k} + from] = y[from];
      ${copied}
    }`;
  return { before: `let ${load};`, read, after: `c${k}.end = e${k};`, slow };
}
