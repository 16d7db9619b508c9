import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { AVRO_FILES, CODECS, comparableRows, expectedRows, UNREAD_CODECS, WRITERS } from "./avro-files.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

async function read(name: string) {
  bench.write(name, readFileSync(path.join(AVRO_FILES, name)));
  return bench.read(name);
}

const FILES = [
  ...WRITERS.flatMap((writer) => CODECS.map((codec) => `${writer}-${codec}.avro`)),
  "java-blocking.avro",
];

describe("Avro files of other writers", () => {
  it.each(FILES)("%s holds the rows that its writer put there", async (name) => {
    const { rows } = await read(name);
    expect(comparableRows(rows)).toEqual(expectedRows(AVRO_FILES));
  });

  it("have these columns", async () => {
    const { source } = await read("java-null.avro");
    const { source: other } = await read("fastavro-null.avro");
    expect(columnsOf(other)).toEqual(columnsOf(source));
    expect(columnsOf(source)).toMatchInlineSnapshot(`
      [
        "boolean BOOLEAN",
        "int INTEGER",
        "long BIGINT",
        "float FLOAT",
        "double DOUBLE",
        "bytes BLOB",
        "string VARCHAR",
        "fixed BLOB",
        "enum VARCHAR",
        "longs BIGINT[]",
        "texts VARCHAR[]",
        "table INTEGER[][]",
        "counts MAP(VARCHAR, BIGINT)",
        "shapes MAP(VARCHAR, STRUCT(sides INTEGER, area DOUBLE))",
        "point STRUCT(x DOUBLE, y DOUBLE, "next" STRUCT("text" VARCHAR))",
        "maybe_long BIGINT",
        "maybe_text VARCHAR",
        "maybe_point STRUCT(x DOUBLE, y DOUBLE, "next" STRUCT("text" VARCHAR))",
        "maybe_list BIGINT[]",
        "number BIGINT",
        "real DOUBLE",
        "either STRUCT(member0 VARCHAR, member1 BIGINT, member2 STRUCT(x DOUBLE, y DOUBLE, "next" STRUCT("text" VARCHAR)))",
        "date DATE",
        "time_millis TIME",
        "time_micros TIME",
        "millis TIMESTAMP WITH TIME ZONE",
        "micros TIMESTAMP WITH TIME ZONE",
        "nanos TIMESTAMP WITH TIME ZONE",
        "local_millis TIMESTAMP",
        "local_micros TIMESTAMP",
        "local_nanos TIMESTAMP",
        "small_decimal DECIMAL(9,2)",
        "large_decimal DECIMAL(38,10)",
        "fixed_decimal DECIMAL(38,4)",
        "maybe_decimal DECIMAL(18,6)",
        "uuid VARCHAR",
        "fixed_uuid VARCHAR",
        "duration STRUCT("months" BIGINT, "days" BIGINT, "milliseconds" BIGINT)",
        "tree VARCHAR",
      ]
    `);
    expect(source.notes).toMatchInlineSnapshot(`
      [
        "either is a union of 3 types; became a struct with a field for each",
        "nanos holds nanoseconds; cut to microseconds",
        "local_nanos holds nanoseconds; cut to microseconds",
        "tree has a type that no column can hold; kept as JSON text",
      ]
    `);
  });

  it.each(WRITERS.flatMap((writer) => UNREAD_CODECS.map((codec) => [writer, codec] as const)))(
    "of %s with the codec %s are refused by its name",
    async (writer, codec) => {
      const refused = read(`${writer}-${codec}.avro`);
      await expect(refused).rejects.toMatchObject({ kind: "unsupported", code: "avro-codec" });
      await expect(refused).rejects.toThrow(codec);
    },
  );
});
