import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Lake } from "../../../src/index.js";
import type { Feature, ForbiddenRow } from "./feature.js";

/** A Parquet file of rows that a table gets, whoever appends them. */
export interface Source {
  readonly file: string;
  readonly columns: readonly string[];
}

/** Rows 0 to 19, 20 to 29, 30 to 34, and 34 to 36. */
const ROWS = { first: [0, 20], second: [20, 30], third: [30, 35], merged: [34, 37] } as const;

/** The rows of all tables, written once each. */
export class Sources {
  readonly #lake: Lake;
  readonly #folder: string;
  #written = 0;

  constructor(lake: Lake, folder: string) {
    this.#lake = lake;
    this.#folder = folder;
  }

  /** @param altered whether `alters` have been run; by default before all rows but the first */
  of(feature: Feature, rows: keyof typeof ROWS, altered = rows !== "first"): Promise<Source> {
    const [first, end] = ROWS[rows];
    const values = altered ? (feature.laterValues ?? feature.values) : feature.values;
    return this.#write(values, first, end);
  }

  /** One row, number 90. */
  forbidden(row: ForbiddenRow): Promise<Source> {
    return this.#write(row.values, 90, 91);
  }

  async #write(values: string | undefined, first: number, end: number): Promise<Source> {
    const lists = ["i AS id", "'v' || i AS v", ...(values === undefined ? [] : [values])];
    const query = `SELECT ${lists.join(", ")} FROM range(${first}, ${end}) AS r(i)`;
    await mkdir(this.#folder, { recursive: true });
    const file = path.join(this.#folder, `${++this.#written}.parquet`);
    const result = await this.#lake.sql(query);
    const columns = result.columns.map((column) => column.name);
    await result.writeTo(file);
    return { file, columns };
  }
}
