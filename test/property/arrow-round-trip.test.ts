import { type RecordBatch, RecordBatchStreamWriter, tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Engine, quoteIdentifier, quoteString, type Session } from "../../engine/index.js";

/** A type as SQL text, and SQL texts for some of its values (never a bare NULL). */
interface Typed {
  readonly type: string;
  readonly value: fc.Arbitrary<string>;
}

const integer = (type: string, min: bigint, max: bigint): Typed => ({
  type,
  value: fc
    .oneof(fc.constantFrom(min, max, 0n), fc.bigInt({ min, max }))
    .map((value) => `${quoteString(`${value}`)}::${type}`),
});

const text = (type: string, ...values: string[]): Typed => ({
  type,
  value: fc.constantFrom(...values).map((value) => `${quoteString(value)}::${type}`),
});

function decimal(width: number, scale: number): Typed {
  const max = 10n ** BigInt(width) - 1n;
  const type = `DECIMAL(${width},${scale})`;
  const digits = (value: bigint): string => {
    const padded = `${value < 0n ? -value : value}`.padStart(scale + 1, "0");
    const whole = `${value < 0n ? "-" : ""}${padded.slice(0, padded.length - scale)}`;
    return scale === 0 ? whole : `${whole}.${padded.slice(padded.length - scale)}`;
  };
  const value = fc.oneof(fc.constantFrom(max, -max, 0n, -1n), fc.bigInt({ min: -max, max }));
  return { type, value: value.map((unscaled) => `'${digits(unscaled)}'::${type}`) };
}

const STRINGS = fc.oneof(
  fc.constantFrom("", "123456789012", "1234567890123", "x".repeat(5000), "caf\u00e9", "\u{1f43b}".repeat(4)),
  fc.string({ unit: "grapheme", maxLength: 40 }).map((value) => value.replaceAll("\0", "")),
);

const scalars: readonly Typed[] = [
  text("BOOLEAN", "true", "false"),
  integer("TINYINT", -128n, 127n),
  integer("UTINYINT", 0n, 255n),
  integer("SMALLINT", -(2n ** 15n), 2n ** 15n - 1n),
  integer("USMALLINT", 0n, 2n ** 16n - 1n),
  integer("INTEGER", -(2n ** 31n), 2n ** 31n - 1n),
  integer("UINTEGER", 0n, 2n ** 32n - 1n),
  integer("BIGINT", -(2n ** 63n), 2n ** 63n - 1n),
  integer("UBIGINT", 0n, 2n ** 64n - 1n),
  text("FLOAT", "nan", "-0.0", "0.1", "inf", "-inf", "3.4028235e38", "1e-45"),
  text("DOUBLE", "nan", "-0.0", "0.1", "inf", "-inf", "1.7976931348623157e308", "5e-324"),
  decimal(4, 4),
  decimal(9, 2),
  decimal(18, 0),
  decimal(38, 10),
  decimal(38, 38),
  { type: "VARCHAR", value: STRINGS.map(quoteString) },
  {
    type: "BLOB",
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => `unhex('${Buffer.from(bytes).toString("hex")}')`),
  },
  text(
    "DATE",
    "0001-01-01",
    "9999-12-31",
    "1969-12-31",
    "2024-02-29",
    "infinity",
    "-infinity",
    "4713-01-01 (BC)",
  ),
  text("TIME", "00:00:00", "23:59:59.999999", "12:34:56.789"),
  text("TIME_NS", "00:00:00", "23:59:59.999999999"),
  text(
    "TIMESTAMP",
    "0001-01-01 00:00:00",
    "9999-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
    "1969-12-31 23:59:59.999999",
  ),
  text("TIMESTAMP_S", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
  text("TIMESTAMP_MS", "0001-01-01 00:00:00.001", "9999-12-31 23:59:59.999"),
  text("TIMESTAMP_NS", "1700-01-01 00:00:00.000000001", "2262-01-01 23:59:59.999999999"),
  text(
    "TIMESTAMP WITH TIME ZONE",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
    "infinity",
    "2024-06-01 00:00:00+14",
  ),
  text("INTERVAL", "1 month", "30 days", "-14 months 3 days -00:00:00.000001", "24 hours"),
];

const typed: fc.Arbitrary<Typed> = fc.letrec<{ any: Typed }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    { weight: 4, arbitrary: fc.constantFrom(...scalars) },
    { weight: 1, arbitrary: tie("any").map(list) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("any"), fc.integer({ min: 1, max: 3 }))
        .map(([item, size]) => array(item, size)),
    },
    { weight: 1, arbitrary: fc.array(tie("any"), { minLength: 1, maxLength: 3 }).map(struct) },
    { weight: 1, arbitrary: tie("any").map(map) },
  ),
})).any;

/** Values of which some are NULL. */
const nullable = ({ type, value }: Typed): fc.Arbitrary<string> =>
  fc.option(value, { freq: 3 }).map((sql) => sql ?? `NULL::${type}`);

function list(item: Typed): Typed {
  const type = `${item.type}[]`;
  return { type, value: fc.array(nullable(item), { maxLength: 4 }).map((items) => `[${items}]::${type}`) };
}

function array(item: Typed, size: number): Typed {
  const type = `${item.type}[${size}]`;
  const items = fc.array(nullable(item), { minLength: size, maxLength: size });
  return { type, value: items.map((values) => `[${values}]::${type}`) };
}

function struct(entries: readonly Typed[]): Typed {
  const names = entries.map((_, index) => `f ${index}`);
  const type = `STRUCT(${entries.map((entry, index) => `${quoteIdentifier(names[index] ?? "")} ${entry.type}`).join(", ")})`;
  return {
    type,
    value: fc
      .tuple(...entries.map(nullable))
      .map(
        (values) => `{${values.map((value, index) => `'${names[index]}': ${value}`).join(", ")}}::${type}`,
      ),
  };
}

function map(value: Typed): Typed {
  const type = `MAP(VARCHAR, ${value.type})`;
  const entries = fc.uniqueArray(fc.tuple(STRINGS, nullable(value)), {
    maxLength: 3,
    selector: ([key]) => key,
  });
  return {
    type,
    value: entries.map(
      (pairs) => `MAP {${pairs.map(([key, sql]) => `${quoteString(key)}: ${sql}`).join(", ")}}::${type}`,
    ),
  };
}

const table = fc.array(typed, { minLength: 1, maxLength: 3 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns.map((column) => column.type)),
    rows: fc.array(fc.tuple(...columns.map(nullable)), { minLength: 1, maxLength: 12 }),
    // A few rows, or more than the engine puts in one chunk.
    copies: fc.constantFrom(1, 1, 400),
    throughFile: fc.boolean(),
    skip: fc.constantFrom(0, 1, 3, 8),
  }),
);

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
});

afterAll(async () => {
  await engine.close();
});

async function read(session: Session, sql: string): Promise<RecordBatch[]> {
  const batches = [];
  for await (const batch of (await session.stream(sql)).batches()) batches.push(batch);
  return batches;
}

function throughIpc(batches: readonly RecordBatch[]): readonly RecordBatch[] {
  return tableFromIPC(RecordBatchStreamWriter.writeAll(batches).toUint8Array(true)).batches;
}

/** Rows of one table that the other lacks, by value and by text, which tells -0.0 from 0.0 and 30 days from a month. */
async function difference(session: Session, left: string, right: string): Promise<bigint> {
  const [row] = await session.rows(`
    SELECT (SELECT count(*) FROM (FROM ${left} EXCEPT ALL FROM ${right}))
      + (SELECT count(*) FROM (FROM ${right} EXCEPT ALL FROM ${left}))
      + (SELECT count(*) FROM (SELECT COLUMNS(*)::VARCHAR FROM ${left} EXCEPT ALL SELECT COLUMNS(*)::VARCHAR FROM ${right}))
      AS n`);
  return BigInt(String(row?.["n"]));
}

it("engine to Arrow to engine changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(table, ({ columns, rows, copies, throughFile, skip }) =>
      engine.withSession(async (session) => {
        const names = columns.map((type, index) => `c${index} ${type}`);
        await session.execute(`CREATE TEMP TABLE given (n BIGINT, ${names.join(", ")})`);
        const values = rows.map((row, index) => `(${[index, ...row].join(", ")})`);
        await session.execute(
          `INSERT INTO given SELECT v.* FROM (VALUES ${values.join(", ")}) v, range(${copies})`,
        );
        const batches = await read(session, "FROM given");
        const schema = batches[0]?.schema;
        if (schema === undefined) throw new Error("no batch");

        const sent = throughFile ? throughIpc(batches) : batches;
        expect(await session.loadArrow("taken", schema, sent)).toBe(BigInt(rows.length * copies));
        expect(await difference(session, "given", "taken")).toBe(0n);
        expect(await session.rows("SELECT column_type FROM (DESCRIBE taken)")).toEqual(
          await session.rows("SELECT column_type FROM (DESCRIBE given)"),
        );

        // Sliced batches have an offset that is no multiple of eight.
        await session.loadArrow(
          "sliced",
          schema,
          sent.map((batch) => batch.slice(skip)),
        );
        await session.execute(`CREATE TEMP TABLE tail AS FROM taken OFFSET ${skip}`);
        if (batches.length === 1) expect(await difference(session, "tail", "sliced")).toBe(0n);
      }),
    ),
    { seed: 20_240_131, numRuns: 120 },
  );
}, 120_000);
