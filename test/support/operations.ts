import { onTestFinished } from "vitest";
import { Catalog } from "../../catalog/index.js";
import { silentLogger, systemClock } from "../../core/index.js";
import { Engine } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import { AutoCommit } from "../../src/operations/auto-commit.js";
import type { RowChangeContext } from "../../src/operations/table-change.js";
import { doneOnly, type TableOperation } from "../../src/operations/table-operation.js";
import { QueryPlanner } from "../../src/sql/query-planner.js";
import { type ResolvedTable, TableResolver } from "../../src/table-resolver.js";

/** Operations on the tables of a lake, made by hand as another process would. */
export interface Operations {
  readonly planner: QueryPlanner;
  readonly context: RowChangeContext;
  target(table: string): Promise<ResolvedTable>;
  run<R>(target: ResolvedTable, operation: TableOperation<R>): Promise<R>;
}

/** It is closed when the running test is over. */
export async function operationsOn(uri: string): Promise<Operations> {
  const store = openStore(uri);
  const parts = { clock: systemClock, logger: silentLogger };
  const catalog = await Catalog.open(store, parts);
  const engine = await Engine.open({ threads: 1 });
  const resolver = new TableResolver(store, openStore, catalog, engine, systemClock);
  const planner = new QueryPlanner(engine, resolver, catalog);
  onTestFinished(async () => {
    await resolver.close();
    await planner.close();
    await engine.close();
  });
  return {
    planner,
    context: { ...parts, rows: planner },
    target: (table) => resolver.resolve(table),
    run: async (target, operation) => doneOnly(await new AutoCommit(parts).run(target, operation)),
  };
}
