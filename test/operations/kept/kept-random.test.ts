import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

/** What is done to two tables alike: `t`, whose landed files stay JSONL, and `twin`, of Parquet alone. */
type Step =
  | {
      readonly do: "land";
      readonly rows: readonly { readonly id: number; readonly kind?: string }[];
      readonly inPlace: boolean;
    }
  | { readonly do: "delete" | "update"; readonly remainder: number }
  | { readonly do: "merge"; readonly ids: readonly number[] }
  | { readonly do: "rename" | "add" | "optimize" | "checkpoint" | "wipe" };

const row = fc.record({ id: fc.nat(40), kind: fc.constantFrom("a", "b", "é", "") }, { requiredKeys: ["id"] });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("land" as const),
      rows: fc.array(row, { minLength: 1, maxLength: 12 }),
      inPlace: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("delete" as const, "update" as const), remainder: fc.nat(4) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("merge" as const),
      ids: fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "rename" as const,
        "add" as const,
        "optimize" as const,
        "checkpoint" as const,
        "wipe" as const,
      ),
    }),
  },
);

class Twins {
  readonly #table: RawTable;
  #name = "kind";
  #landed = 0;
  #added = 0;

  constructor(table: RawTable) {
    this.#table = table;
  }

  async apply(each: Step): Promise<void> {
    const both = async (statement: (table: string) => string): Promise<void> => {
      for (const table of ["t", "twin"]) await this.#table.lake.sql(statement(table));
    };
    const name = this.#name;
    switch (each.do) {
      case "land": {
        const file = this.#table.file(`${this.#landed++}.jsonl`);
        const lines = each.rows.map(({ id, kind }) =>
          JSON.stringify({ id, ...(kind === undefined ? {} : { [name]: kind }) }),
        );
        await writeFile(file, `${lines.join("\n")}\n`);
        await this.#table.lake.ingest([file], { into: "t", as: "jsonl", inPlace: each.inPlace });
        await this.#table.lake.ingest([file], { into: "twin" });
        return;
      }
      case "delete":
        return both((table) => `DELETE FROM ${table} WHERE id % 5 = ${each.remainder}`);
      case "update":
        return both(
          (table) => `UPDATE ${table} SET ${name} = ${name} || '!' WHERE id % 5 = ${each.remainder}`,
        );
      case "merge": {
        const values = each.ids.map((id) => `(${id})`).join(", ");
        return both(
          (
            table,
          ) => `MERGE INTO ${table} AS x USING (SELECT DISTINCT * FROM (VALUES ${values}) AS v(id)) AS s ON x.id = s.id
            WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, ${name}) VALUES (s.id, 'merged')`,
        );
      }
      case "rename":
        this.#name = `kind${this.#landed}_${++this.#added}`;
        return both((table) => `ALTER TABLE ${table} RENAME COLUMN ${name} TO ${this.#name}`);
      case "add":
        this.#added++;
        return both((table) => `ALTER TABLE ${table} ADD COLUMN more${this.#added} BIGINT`);
      case "optimize":
        await this.#table.lake.sql("OPTIMIZE t");
        return;
      case "checkpoint":
        await (await this.#table.lake.table("t")).checkpoint();
        return;
      case "wipe":
        return this.#table.wipe();
    }
  }

  /** Both tables hold the same rows, in whatever order. */
  async check(): Promise<void> {
    const rows = async (table: string): Promise<string[]> =>
      (await this.#table.rows(`SELECT id, ${this.#name} AS kind FROM ${table}`))
        .map(({ id, kind }) => `${id} ${kind ?? "NULL"}`)
        .sort();
    expect(await rows("t")).toEqual(await rows("twin"));
  }
}

for (const vectors of [true, false]) {
  test(`a table of JSONL files is as one of Parquet files, whatever is done to it, ${vectors ? "with" : "without"} deletion vectors`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 16 }), async (steps) => {
        const properties = `TBLPROPERTIES ('delta.enableDeletionVectors' = '${vectors}', 'delta.columnMapping.mode' = 'name', 'delta.enableRowTracking' = 'true')`;
        const table = await RawTable.make(`(id BIGINT, kind STRING) ${properties}`);
        await table.lake.sql(`CREATE TABLE twin (id BIGINT, kind STRING) ${properties}`);
        const twins = new Twins(table);
        for (const each of steps) {
          await twins.apply(each);
          await twins.check();
        }
        expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
      }),
      { seed: 20_261_120, numRuns: 3, endOnFailure: true },
    );
  }, 180_000);
}
