import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type Session, type Value } from "../../engine/index.js";
import { discoverSources, openSource } from "../../formats/index.js";
import { readSource } from "../support/read-source.js";

const folder = mkdtempSync(join(tmpdir(), "grizzly-values-"));
let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 3 });
  session = await engine.acquire();
});
afterAll(() => {
  engine.release(session);
  engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function read(
  name: string,
  content: string,
): Promise<{ readonly type: string; readonly values: Value[] }> {
  writeFileSync(join(folder, name), content);
  const [file] = await discoverSources([join(folder, name)]);
  if (file === undefined) throw new Error("no file");
  const [source] = await openSource(session, file);
  if (source === undefined) throw new Error("no source");
  const { result, source: opened } = await readSource(source, (relation) => session.rows(relation.sql));
  return { type: opened.columns[0]?.type ?? "", values: result.map((row) => row["v"] ?? null) };
}

// Texts near the edges between kinds of values.
const digits = fc.stringMatching(/^[0-9]{1,20}$/);
const number = fc.oneof(
  digits,
  fc
    .tuple(fc.constantFrom("", "-", "+"), digits, fc.constantFrom("", ".", ".0", ".5", "e3", "_1"))
    .map((parts) => parts.join("")),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
);
const time = fc
  .tuple(
    fc.constantFrom("2024-01-05", "2024-1-5", "2024/01/05", "2024-02-30", "01/02/2024"),
    fc.constantFrom("", " 10:00", "T10:00:00", " 10:00:00.5", "T10:00:00.123456789"),
    fc.constantFrom("", "Z", "+02:00", " UTC"),
  )
  .map((parts) => parts.join(""));
const word = fc.constantFrom("true", "False", "yes", "nan", "Infinity", "NULL", "abc", "0x1F", "-0", "-");
const texts = fc.oneof(
  ...[number, time, word, fc.oneof(number, time, word)].map((one) =>
    fc.array(one, { minLength: 1, maxLength: 5 }),
  ),
);

/** Whether a value says what the text says. */
function saysTheSame(type: string, value: Value, text: string): boolean {
  switch (type) {
    case "VARCHAR":
      return value === text;
    case "BIGINT":
      return String(value) === text;
    case "DECIMAL(38,0)":
      return value === text;
    case "DOUBLE":
      return /^[+-]?[a-z]/i.test(text) ? !Number.isFinite(value) : value === Number(text);
    case "BOOLEAN":
      return String(value) === text.toLowerCase();
    case "DATE":
      return value === text.replaceAll("/", "-").replace(/\b(\d)\b/g, "0$1");
    case "TIMESTAMP":
      return (
        Date.parse(`${String(value).replace(" ", "T")}Z`) ===
        Date.parse(`${text.replaceAll("/", "-").replace(" ", "T")}Z`)
      );
    case "TIMESTAMP WITH TIME ZONE":
      return Date.parse(String(value)) === Date.parse(text);
    default:
      return false;
  }
}

describe("text formats", () => {
  it("lose nothing of a CSV column, whatever is in it", async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (column) => {
        const { type, values } = await read(
          "values.csv",
          `v,x\n${column.map((text) => `${text},x\n`).join("")}`,
        );
        expect(values.length).toBe(column.length);
        for (const [index, text] of column.entries()) {
          expect(
            saysTheSame(type, values[index] ?? null, text),
            `${text} as ${type}: ${String(values[index])}`,
          ).toBe(true);
        }
      }),
      { seed: 20240105, numRuns: 300 },
    );
  });

  it("lose nothing of a JSONL field, whatever is in it", async () => {
    const scalar = fc.oneof(
      number.filter((text) => /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/.test(text)),
      time.map((text) => JSON.stringify(text)),
      fc.constantFrom("true", "false", "null", '"abc"', '"1"'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(scalar, { minLength: 1, maxLength: 5 }), async (field) => {
        const { type, values } = await read("values.jsonl", field.map((json) => `{"v":${json}}\n`).join(""));
        expect(values.length).toBe(field.length);
        for (const [index, json] of field.entries()) {
          const value = values[index] ?? null;
          if (json === "null") expect(value).toBeNull();
          else {
            const text = json.startsWith('"') ? String(JSON.parse(json)) : json;
            const same =
              saysTheSame(type, value, text) ||
              (type === "VARCHAR" && Number(value) === Number(text)) ||
              (type === "BIGINT" && text === "-0" && value === 0n);
            expect(same, `${json} as ${type}: ${String(value)}`).toBe(true);
          }
        }
      }),
      { seed: 20240105, numRuns: 300 },
    );
  });
});
