import { expect, onTestFinished, test } from "vitest";
import { Engine } from "../../engine/index.js";
import { FileTable } from "../../table-format/snapshot/file-table.js";

test("the first file tables of an engine may be made at once", async () => {
  const engine = await Engine.open({ threads: 2 });
  onTestFinished(() => engine.close());
  const make = (size: number): Promise<FileTable> =>
    engine.withSession((session) =>
      FileTable.make(engine, session, async (relation) => {
        await session.execute(`CREATE TABLE ${relation} AS SELECT ${size}::BIGINT AS size`);
      }),
    );
  const tables = await Promise.all(Array.from({ length: 8 }, (_, n) => make(n)));
  expect(tables.map(({ sizeInBytes }) => sizeInBytes)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  expect(new Set(tables.map(({ relation }) => relation)).size).toBe(8);
});
