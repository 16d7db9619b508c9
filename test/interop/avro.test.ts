import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AVRO_FILES, CODECS, comparableRows, expectedRows, WRITERS } from "../formats/avro-files.js";
import { workbench } from "../formats/workbench.js";
import { ROOT, runProcess } from "../support/grizzly.js";

// The files of test/formats/avro-fixtures, written anew by fastavro and by Java's Avro, which Spark brings along. To
// keep new ones: the two programs below, with that folder as their argument.

const START_MS = 120_000;

const bench = workbench();
const folder = mkdtempSync(path.join(tmpdir(), "grizzly-avro-"));

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(command, args, { cwd: folder });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}\n${stderr}`);
  return stdout;
}

beforeAll(async () => {
  const python = process.env["GRIZZLY_PYTHON"];
  if (python === undefined) throw new Error("GRIZZLY_PYTHON names no Python: run npm run test:interop");
  await run(python, "-B", path.join(ROOT, "test/interop/python/write_avro.py"), folder);
  const spark = await run(python, "-c", "import pyspark; print(pyspark.__path__[0])");
  const home = process.env["JAVA_HOME"];
  const java = home === undefined ? "java" : path.join(home, "bin/java");
  const jars = path.join(spark.trim(), "jars", "*");
  await run(java, "-cp", jars, path.join(ROOT, "test/interop/avro/WriteAvro.java"), folder);
}, START_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("Avro files written anew", () => {
  test("are those that are kept, and hold the same rows", () => {
    const names = (of: string): string[] => readdirSync(of).sort();
    expect(names(folder)).toEqual(names(AVRO_FILES));
    expect(expectedRows(folder)).toEqual(expectedRows(AVRO_FILES));
  });

  test.each([
    ...WRITERS.flatMap((writer) => CODECS.map((codec) => `${writer}-${codec}.avro`)),
    "java-blocking.avro",
  ])("%s holds the rows that its writer put there", async (name) => {
    bench.write(name, readFileSync(path.join(folder, name)));
    expect(comparableRows((await bench.read(name)).rows)).toEqual(expectedRows(folder));
  });
});
