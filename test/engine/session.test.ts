import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError, type LakeError, stringifyJson } from "../../core/index.js";
import { Engine, type Row, type Session } from "../../engine/index.js";

/** Minutes of work for any machine; nobody waits for its end. */
const ENDLESS =
  "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE hash(a.range, b.range) = 1";
const MANY_ROWS = "SELECT range AS a, hash(range) AS b FROM range(20000000)";

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
});

afterAll(async () => {
  await engine.close();
});

async function failureOf(work: Promise<unknown>): Promise<LakeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isLakeError(error)) throw new Error(`expected a LakeError, got ${String(error)}`);
  return error;
}

function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return engine.withSession(work);
}

describe("cancellation", () => {
  it("interrupts a statement that executes, and leaves the session usable", () =>
    withSession(async (session) => {
      const controller = new AbortController();
      const running = session.rows(ENDLESS, { signal: controller.signal });
      controller.abort();
      expect((await failureOf(running)).kind).toBe("cancelled");
      expect(await session.rows("SELECT 1 AS a")).toEqual([{ a: 1 }]);
    }));

  it("refuses a statement whose signal has fired before", () =>
    withSession(async (session) => {
      const error = await failureOf(
        session.execute("CREATE TEMP TABLE t (a INT)", { signal: AbortSignal.abort() }),
      );
      expect(error.kind).toBe("cancelled");
      expect((await failureOf(session.rows("FROM t"))).code).toBe("engine-catalog");
    }));

  it("never takes the rows before an interrupt for the whole result", () =>
    withSession(async (session) => {
      const controller = new AbortController();
      const stream = await session.stream(MANY_ROWS, { signal: controller.signal });
      const read = async (): Promise<void> => {
        for await (const _ of stream.chunks()) controller.abort();
      };
      expect((await failureOf(read())).kind).toBe("cancelled");
      expect(await session.rows("SELECT 1 AS a")).toEqual([{ a: 1 }]);
    }));

  it("interrupts a statement when its session is released", async () => {
    const session = await engine.acquire();
    const running = failureOf(session.rows(ENDLESS));
    await engine.release(session);
    expect((await running).kind).toBe("cancelled");
  });
});

describe("streams", () => {
  it("fails with the engine's reason when the query fails after its first rows", () =>
    withSession(async (session) => {
      const stream = await session.stream(
        "SELECT CASE WHEN range = 1500000 THEN error('row ' || range) ELSE range END AS a FROM range(2000000)",
      );
      let rows = 0;
      const read = async (): Promise<void> => {
        for await (const chunk of stream.chunks()) rows += chunk.rowCount;
      };
      const error = await failureOf(read());
      expect(rows).toBeGreaterThan(0);
      expect(error).toMatchObject({ kind: "invalid-input", message: "row 1500000" });
    }));

  it("fails, with parameters, for a value that does not convert", () =>
    withSession(async (session) => {
      const sql =
        "SELECT (CASE WHEN range = $at THEN $text ELSE range::VARCHAR END)::INTEGER AS a FROM range(2000000)";
      const stream = await session.stream(sql, { parameters: { at: 1_999_999, text: "seven" } });
      const read = async (): Promise<void> => {
        for await (const _ of stream.rows());
      };
      const error = await failureOf(read());
      expect(error.code).toBe("engine-conversion");
      expect(error.message).toContain("seven");
    }));

  it("says so when the next statement of the session ends a stream", () =>
    withSession(async (session) => {
      const stream = await session.stream(MANY_ROWS);
      const read = async (): Promise<void> => {
        for await (const _ of stream.chunks()) await session.rows("SELECT 1");
      };
      expect((await failureOf(read())).code).toBe("stream-superseded");
    }));

  it("reads all rows of results of every size", () =>
    withSession(async (session) => {
      for (const size of [0, 1, 2047, 2048, 2049, 16_384, 16_385, 100_000]) {
        const stream = await session.stream(`SELECT range AS a FROM range(${size})`);
        let rows = 0;
        let sum = 0n;
        for await (const batch of stream.batches()) {
          rows += batch.numRows;
          for (const value of batch.getChild("a")?.toArray() ?? []) sum += value;
        }
        expect(rows).toBe(size);
        expect(sum).toBe((BigInt(size) * BigInt(size - 1)) / 2n);
      }
    }));

  it("can be left in the middle: the session goes on", () =>
    withSession(async (session) => {
      for (let round = 0; round < 3; round++) {
        for await (const batch of (await session.stream(MANY_ROWS)).batches()) {
          expect(batch.numRows).toBeGreaterThan(0);
          break;
        }
        expect(await session.rows("SELECT 1 AS a")).toEqual([{ a: 1 }]);
      }
      const stream = await session.stream(MANY_ROWS);
      await stream.close();
      expect(await session.rows("SELECT 2 AS a")).toEqual([{ a: 2 }]);
      const rows = [];
      for await (const chunk of stream.rows()) rows.push(chunk);
      expect(rows).toEqual([]);
    }));

  it("can be abandoned with its session: other sessions go on", async () => {
    const session = await engine.acquire();
    const stream = await session.stream(MANY_ROWS);
    await stream.chunks().next();
    await engine.release(session);
    const read = async (): Promise<void> => {
      for await (const _ of stream.chunks());
    };
    expect((await failureOf(read())).code).toBe("session-closed");
    expect(await withSession((other) => other.rows("SELECT 3 AS a"))).toEqual([{ a: 3 }]);
  });

  it("gives statements without rows as streams too", () =>
    withSession(async (session) => {
      const stream = await session.stream("CREATE TEMP TABLE t AS SELECT 1 AS a; SET VARIABLE x = 1");
      for await (const _ of stream.rows()) throw new Error("SET has no rows");
      expect(await session.rows("FROM t")).toEqual([{ a: 1 }]);
    }));
});

describe("sessions", () => {
  it("see nothing of one another's temporary objects, variables and settings", async () => {
    await withSession(async (session) => {
      await session.execute(
        "CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE TEMP VIEW v AS FROM t; SET VARIABLE x = 1",
      );
      await session.execute(
        "CREATE TEMP MACRO m(a) AS a + 1; SET TimeZone = 'Europe/Paris'; PREPARE p AS SELECT 1",
      );
    });
    await withSession(async (session) => {
      expect(await session.rows("SELECT getvariable('x') AS x, current_setting('TimeZone') AS zone")).toEqual(
        [{ x: null, zone: "UTC" }],
      );
      for (const sql of ["FROM t", "FROM v", "SELECT m(1)", "EXECUTE p"]) {
        expect((await failureOf(session.rows(sql))).kind).toBe("invalid-input");
      }
    });
  });

  it("are closed for good", async () => {
    const session = await engine.acquire();
    await engine.release(session);
    await session.close();
    expect((await failureOf(session.rows("SELECT 1"))).code).toBe("session-closed");
  });

  it("tell how far a statement is", () =>
    withSession(async (session) => {
      await session.execute("CREATE TEMP TABLE t AS SELECT range AS a FROM range(3000000)");
      const seen: number[] = [];
      const timer = setInterval(() => seen.push(session.progressPercent), 2);
      await session.rows("SELECT max(sha256(a::VARCHAR)) FROM t");
      clearInterval(timer);
      expect(seen.filter((percent) => percent > 0 && percent <= 100).length).toBeGreaterThan(0);
    }));
});

describe("statements", () => {
  it("take positional and named parameters", () =>
    withSession(async (session) => {
      expect(await session.rows("SELECT ? + 1 AS a, ? AS b", { parameters: [41, "it's"] })).toEqual([
        { a: 42, b: "it's" },
      ]);
      expect(await session.rows("SELECT $n AS n, $s AS s", { parameters: { n: 7n, s: "x" } })).toEqual([
        { n: 7n, s: "x" },
      ]);
      expect((await failureOf(session.rows("SELECT $n", { parameters: { m: 1 } }))).kind).toBe(
        "invalid-input",
      );
    }));

  it("run one after another; the last one's rows count", () =>
    withSession(async (session) => {
      expect(await session.rows("SELECT * FROM range(3); SELECT 5 AS x")).toEqual([{ x: 5 }]);
      expect(
        await session.execute("CREATE TEMP TABLE t AS FROM range(9); DELETE FROM t WHERE range < 2"),
      ).toBe(2);
      for (const sql of ["", "-- nothing", ";"]) {
        expect(await failureOf(session.rows(sql))).toMatchObject({
          kind: "invalid-input",
          code: "sql-empty",
        });
      }
    }));

  it("tell their columns before they run, and run on what there is by then", () =>
    withSession(async (session) => {
      await session.execute("CREATE TEMP TABLE t AS SELECT 1 AS a");
      expect(await session.columns("SELECT a, a FROM t")).toEqual([
        { name: "a", type: "INTEGER" },
        { name: "a", type: "INTEGER" },
      ]);
      expect(await session.columns("FROM t")).toEqual([{ name: "a", type: "INTEGER" }]);
      await session.execute("INSERT INTO t VALUES (2)");
      const rows: Row[] = [];
      for await (const batch of (await session.stream("FROM t")).rows()) rows.push(...batch);
      expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
      await session.columns("FROM t");
      await session.execute("CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS b");
      const again = await session.stream("FROM t");
      expect(again.columns).toEqual([{ name: "b", type: "VARCHAR" }]);
      await again.close();
      expect((await failureOf(session.columns("FROM nothing_there"))).kind).toBe("invalid-input");
    }));

  it("tell the rows they changed", () =>
    withSession(async (session) => {
      await session.execute("CREATE TEMP TABLE t AS SELECT range AS a FROM range(10)");
      expect(await session.execute("DELETE FROM t WHERE a < 4")).toBe(4);
      expect(await session.execute("DELETE FROM t WHERE a > $a", { parameters: { a: 7 } })).toBe(2);
    }));

  it("name and type their columns", () =>
    withSession(async (session) => {
      const stream = await session.stream(
        `SELECT 1::DECIMAL(18,2) AS d, [1] AS l, {'a': 1, 'b c': 'x'} AS s, MAP {'k': 1.5::DOUBLE} AS m,
           now()::TIMESTAMPTZ AS t, '{}'::JSON AS j, [1, 2]::INTEGER[2] AS f, 1 AS d`,
      );
      expect(stream.columns).toEqual([
        { name: "d", type: "DECIMAL(18,2)" },
        { name: "l", type: "INTEGER[]" },
        { name: "s", type: 'STRUCT("a" INTEGER, "b c" VARCHAR)' },
        { name: "m", type: "MAP(VARCHAR, DOUBLE)" },
        { name: "t", type: "TIMESTAMP WITH TIME ZONE" },
        { name: "j", type: "JSON" },
        { name: "f", type: "INTEGER[2]" },
        { name: "d:1", type: "INTEGER" },
      ]);
      await stream.close();
    }));

  it("give rows as JavaScript values that hold every digit", () =>
    withSession(async (session) => {
      const [row] = await session.rows(
        `SELECT 9223372036854775807 AS i, 12.50::DECIMAL(18,2) AS d, '2024-01-31'::DATE AS day,
           '2024-01-31 10:00:00.123456'::TIMESTAMP AS clock, '2024-01-31 12:00:00.5+02'::TIMESTAMPTZ AS instant,
           [1, NULL] AS list, {'a': 'x', 'b': NULL} AS struct, MAP {'k': 1} AS map, '\\x00\\xFF'::BLOB AS blob,
           true AS yes, NULL AS nothing, 'caf\u00e9 \u{1f43b} and a long tail' AS "__proto__", 1.5::FLOAT AS f`,
      );
      expect(Object.entries(row ?? {})).toEqual([
        ["i", 9223372036854775807n],
        ["d", "12.50"],
        ["day", "2024-01-31"],
        ["clock", "2024-01-31 10:00:00.123456"],
        ["instant", "2024-01-31T10:00:00.5Z"],
        ["list", [1, null]],
        ["struct", { a: "x", b: null }],
        ["map", new Map([["k", 1]])],
        ["blob", expect.objectContaining({ length: 2 })],
        ["yes", true],
        ["nothing", null],
        ["__proto__", "caf\u00e9 \u{1f43b} and a long tail"],
        ["f", 1.5],
      ]);
    }));

  it.each([
    ["SELEC 1", "invalid-input", "engine-parser"],
    ["SELECT nope", "invalid-input", "engine-binder"],
    ["FROM nope", "invalid-input", "engine-catalog"],
    ["SELECT 'x'::INTEGER", "invalid-input", "engine-conversion"],
    ["SELECT 9223372036854775807 + 1", "invalid-input", "engine-out-of-range"],
    ["FROM read_parquet('/nope/nope.parquet')", "unavailable", "engine-io"],
  ])("%s fails as %s, %s", (sql, kind, code) =>
    withSession(async (session) => {
      const error = await failureOf(session.rows(sql));
      expect(error).toMatchObject({ kind, code });
      expect(error.cause).toBeInstanceOf(Error);
    }),
  );

  it("never fetch an extension", () =>
    withSession(async (session) => {
      expect((await failureOf(session.rows("FROM 'https://example.invalid/a.parquet'"))).kind).not.toBe(
        "internal",
      );
      expect((await failureOf(session.execute("FROM st_read('a')"))).kind).toBe("invalid-input");
    }));
});

describe("syntax trees", () => {
  it.each([
    "WITH x AS (SELECT 1 AS a) SELECT * FROM x UNION ALL SELECT 2 ORDER BY a",
    "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM t AT (VERSION => 3)",
    "FROM a JOIN b USING (id) LEFT JOIN LATERAL (SELECT a.id + 1 AS j) ON true",
    "DESCRIBE SELECT 1; SELECT 2",
  ])("%s has a tree of each statement", (sql) =>
    withSession(async (session) => {
      const { statements } = await session.parse(sql);
      expect(statements).toHaveLength(sql.split(";").length);
    }),
  );

  it("keep every digit of a number", () =>
    withSession(async (session) => {
      const tree = stringifyJson(await session.parse("SELECT 9223372036854775807, 1e300"));
      expect(tree).toContain(":9223372036854775807");
      expect(tree).toContain(":1e+300");
    }));

  it("cannot hold an infinite literal", () =>
    withSession(async (session) => {
      expect(await failureOf(session.parse("SELECT 1e400"))).toMatchObject({
        kind: "unsupported",
        code: "sql-literal",
      });
    }));

  it("of wrong SQL is an error with a position", () =>
    withSession(async (session) => {
      expect(await failureOf(session.parse("SELECT 1 FROM WHERE"))).toMatchObject({
        kind: "invalid-input",
        code: "sql-syntax",
        context: { position: expect.any(Number) },
      });
    }));
});

describe("memory and spilling", () => {
  const SORT =
    "SELECT hash(range) AS h, range::VARCHAR || repeat('x', 40) AS s FROM range(1500000) ORDER BY h";

  it("sorts more than the memory limit and leaves nothing behind", async () => {
    const directory = mkdtempSync(join(tmpdir(), "grizzly-spill-test-"));
    const small = await Engine.open({ memoryLimit: "96MB", tempDirectory: directory, threads: 2 });
    let rows = 0;
    let spilled = false;
    await small.withSession(async (session) => {
      for await (const batch of (await session.stream(SORT)).batches()) {
        spilled ||= readdirSync(directory).length > 0;
        rows += batch.numRows;
      }
    });
    expect({ rows, spilled }).toEqual({ rows: 1_500_000, spilled: true });
    await small.close();
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  it("spills to a private folder by default, which goes with the engine", async () => {
    const small = await Engine.open({ memoryLimit: "96MB", threads: 2 });
    const directory = await small.withSession(async (session) => {
      const [row] = await session.rows("SELECT current_setting('temp_directory') AS directory");
      await session.execute(`CREATE TEMP TABLE sorted AS ${SORT}`);
      return String(row?.["directory"]);
    });
    expect(directory.startsWith(tmpdir())).toBe(true);
    expect(readdirSync(tmpdir())).toContain(directory.slice(tmpdir().length + 1));
    await small.close();
    expect(readdirSync(tmpdir())).not.toContain(directory.slice(tmpdir().length + 1));
    expect(readdirSync(".")).not.toContain(".tmp");
  });

  it("says when memory does not suffice", async () => {
    const small = await Engine.open({ memoryLimit: "20MB", threads: 1 });
    const error = await small.withSession((session) =>
      failureOf(session.rows("SELECT list(range::VARCHAR || repeat('x', 100)) FROM range(3000000)")),
    );
    expect(error).toMatchObject({ kind: "unavailable", code: "engine-out-of-memory" });
    await small.close();
  });

  it("refuses an option DuckDB does not take", async () => {
    expect((await failureOf(Engine.open({ memoryLimit: "lots" }))).kind).toBe("invalid-input");
  });
});

describe("engines", () => {
  it("interrupt what runs when they close", async () => {
    const other = await Engine.open({ threads: 1 });
    const session = await other.acquire();
    const running = failureOf(session.rows(ENDLESS));
    await other.close();
    expect((await running).kind).toBe("cancelled");
    expect((await failureOf(other.acquire())).code).toBe("engine-closed");
  });

  it("switch optimizers off", async () => {
    const other = await Engine.open({
      threads: 1,
      disabledOptimizers: ["statistics_propagation", "empty_result_pullup"],
    });
    await other.withSession(async (session) => {
      const [row] = await session.rows("SELECT current_setting('disabled_optimizers') AS off");
      expect(String(row?.["off"]).split(",").sort()).toEqual([
        "empty_result_pullup",
        "statistics_propagation",
      ]);
    });
    await other.close();
  });
});
