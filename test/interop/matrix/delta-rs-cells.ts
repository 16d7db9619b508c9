import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { type DeltaRsRun, type Reading, runDeltaRs, type Task } from "./delta-rs-side.js";
import { copied, type MadeTable, schemaOf } from "./directions.js";
import type { Feature } from "./feature.js";
import { FIRST, madeRows } from "./model.js";
import { nameOf, type OurSide } from "./our-side.js";
import { DeltaRsError } from "./outcome.js";

type Cells = Readonly<Record<Task["do"], Reading | DeltaRsError>>;

/** The three cells that delta-rs has a part in; one process does the work of all features. */
export class DeltaRsCells {
  readonly #ours: OurSide;
  readonly #folder: string;
  /** Copies of what we made, by the name of the feature. */
  readonly #kept = new Map<string, MadeTable>();
  #run:
    | Promise<{ readonly versions: DeltaRsRun["versions"]; readonly cells: ReadonlyMap<string, Cells> }>
    | undefined;

  constructor(ours: OurSide, folder: string) {
    this.#ours = ours;
    this.#folder = folder;
  }

  /** Keeps a copy of a table of ours, before anyone else writes to it. */
  async keep(feature: Feature, table: MadeTable): Promise<void> {
    this.#kept.set(feature.name, { ...table, path: await copied(table.path, "delta-rs") });
  }

  async versions(): Promise<DeltaRsRun["versions"]> {
    return (await this.#run)?.versions ?? {};
  }

  async reads(all: readonly Feature[], feature: Feature): Promise<void> {
    const reading = await this.#reading(all, feature, "read");
    const { path: table, version } = this.#tableOf(feature);
    await this.#same(table, reading, `VERSION AS OF ${version}`);
    const ours = await this.#ours.query(`SELECT id, v FROM ${nameOf(table)} VERSION AS OF ${version}`);
    expect(ours).toEqual(madeRows(feature.appendOnly === undefined).relation());
    expect(schemaOf(reading)).toEqual(await this.#ours.schema(table, version));
    const history = (await this.#ours.history(table)).filter(([at]) => BigInt(at ?? -1) <= version);
    expect(reading.history).toEqual(historyOf(feature, history));
    if (feature.forget === undefined) {
      expect(reading.earlier).toEqual(
        await this.#ours.query(`SELECT * FROM ${nameOf(table)} VERSION AS OF 1`),
      );
    }
  }

  async goesOn(all: readonly Feature[], feature: Feature): Promise<void> {
    const reading = await this.#reading(all, feature, "go-on");
    const { path: table } = this.#tableOf(feature);
    expect(reading.accepted, "what the table forbids").toEqual([]);
    await this.#same(table, reading, "");
    expect(schemaOf(reading)).toEqual(await this.#ours.schema(table));
    expect(reading.history).toEqual(historyOf(feature, await this.#ours.history(table)));
    const rows = madeRows(feature.appendOnly === undefined).with(30, 35);
    expect(await this.#ours.query(`SELECT id, v FROM ${nameOf(table)}`)).toEqual(
      (feature.appendOnly === undefined ? rows.without((id) => id === 1) : rows).relation(),
    );
    expect(await this.#ours.findings(table)).toEqual([]);
  }

  async makes(all: readonly Feature[], feature: Feature): Promise<void> {
    const reading = await this.#reading(all, feature, "create");
    const table = this.#pathOf(feature);
    const { checkpoint, compactLog } = feature.deltaRs ?? {};
    if (checkpoint === true || compactLog === true) {
      const names = await readdir(path.join(table, "_delta_log"));
      expect(names.filter((name) => feature.logHolds?.ours?.test(name) === true)).not.toEqual([]);
    }
    await this.#same(table, reading, "");
    expect(schemaOf(reading)).toEqual(await this.#ours.schema(table));
    expect(reading.history).toEqual(historyOf(feature, await this.#ours.history(table)));
    expect(await this.#ours.query(`SELECT id, v FROM ${nameOf(table)} VERSION AS OF 0`)).toEqual(
      FIRST.relation(),
    );
    expect(await this.#ours.query(`SELECT id, v FROM ${nameOf(table)}`)).toEqual(
      madeRows(feature.appendOnly === undefined).relation(),
    );
    expect(await this.#ours.findings(table)).toEqual([]);
  }

  async #same(table: string, reading: Reading, at: string): Promise<void> {
    expect(reading.rows).toEqual(await this.#ours.query(`SELECT * FROM ${nameOf(table)} ${at}`));
  }

  async #reading(all: readonly Feature[], feature: Feature, of: Task["do"]): Promise<Reading> {
    this.#run ??= this.#start(all);
    const answer = (await this.#run).cells.get(feature.name)?.[of];
    if (answer === undefined) throw new Error(`there is no table of ours with ${feature.name}`);
    if (answer instanceof DeltaRsError) throw answer;
    return answer;
  }

  async #start(
    all: readonly Feature[],
  ): Promise<{ readonly versions: DeltaRsRun["versions"]; readonly cells: ReadonlyMap<string, Cells> }> {
    const features = all.filter((feature) => this.#kept.has(feature.name));
    const tasks = (await Promise.all(features.map((feature) => this.#tasks(feature)))).flat();
    const { versions, answers } = await runDeltaRs(tasks);
    const cells = new Map<string, Cells>();
    features.forEach((feature, at) => {
      const [read, goOn, create] = answers.slice(at * 3, at * 3 + 3);
      if (read === undefined || goOn === undefined || create === undefined)
        throw new Error("answers are missing");
      cells.set(feature.name, { read, "go-on": goOn, create });
    });
    return { versions, cells };
  }

  async #tasks(feature: Feature): Promise<Task[]> {
    const { path: table } = this.#tableOf(feature);
    const source = async (rows: "first" | "third"): Promise<string> =>
      (await this.#ours.sources.of(feature, rows)).file;
    const deletes = feature.appendOnly === undefined;
    const forbidden: string[] = [];
    for (const row of feature.forbidden ?? []) forbidden.push((await this.#ours.sources.forbidden(row)).file);
    return [
      { do: "read", path: table, earlier: feature.forget === undefined },
      { do: "go-on", path: table, source: await source("third"), deletes, forbidden },
      {
        do: "create",
        path: this.#pathOf(feature),
        source: await source("first"),
        later: (await this.#ours.sources.of(feature, "second", false)).file,
        deletes,
        configuration: feature.properties ?? {},
        ...feature.deltaRs,
      },
    ];
  }

  #tableOf(feature: Feature): MadeTable {
    const table = this.#kept.get(feature.name);
    if (table === undefined || !existsSync(table.path))
      throw new Error(`no table of ours with ${feature.name}`);
    return table;
  }

  #pathOf(feature: Feature): string {
    return path.join(this.#folder, feature.name.replaceAll(/\W+/g, "-"), feature.folder ?? "table");
  }
}

/** What delta-rs must tell of a history. */
function historyOf(
  feature: Feature,
  history: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  return feature.deltaRs?.noHistory === true ? [] : history;
}
