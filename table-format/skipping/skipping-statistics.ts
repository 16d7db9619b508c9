import { quoteString } from "../../engine/index.js";

// The name, inside the SQL, of what is known of one file.
const FILE = "file_statistics";

/**
 * SQL for the statistics of one file, out of its `stats` text. Collects what is asked for, then wraps a
 * condition so that the text is parsed once, into a struct of just those members.
 */
export class StatisticsReader {
  readonly #members: Members = new Map();
  readonly #constants: string[] = [];

  /** A bound as `type`, a DuckDB type and the same one for each call; NULL when there is none of that type. */
  bound(side: "minValues" | "maxValues", path: readonly string[], type: string): string {
    return this.#member([side, ...path], type);
  }

  /** A count as BIGINT; NULL when there is none. */
  count(name: "numRecords" | "nullCount", path: readonly string[]): string {
    return this.#member([name, ...path], "BIGINT");
  }

  /** A value that is the same for every file and worth working out once only; `sql` has no columns. */
  constant(sql: string): string {
    this.#constants.push(sql);
    return `${FILE}.constant${this.#constants.length}`;
  }

  /** `condition`, which uses what this object gave, as SQL over the column `stats`. */
  bind(condition: string): string {
    const members = [
      `parsed := TRY(from_json(stats, ${quoteString(jsonOf(this.#members))}))`,
      ...this.#constants.map((sql, index) => `constant${index + 1} := ${sql}`),
    ];
    return `list_transform([struct_pack(${members.join(", ")})], lambda ${FILE}: ${condition})[1]`;
  }

  #member(path: readonly string[], type: string): string {
    let members = this.#members;
    for (const name of path.slice(0, -1)) {
      const inner = members.get(name);
      const next: Members = inner instanceof Map ? inner : new Map();
      members.set(name, next);
      members = next;
    }
    members.set(path.at(-1) ?? "", type);
    return path.reduce((sql, name) => `struct_extract(${sql}, ${quoteString(name)})`, `${FILE}.parsed`);
  }
}

type Members = Map<string, Members | string>;

function jsonOf(members: Members): string {
  const entries = [...members].map(
    ([name, member]) =>
      `${JSON.stringify(name)}:${typeof member === "string" ? JSON.stringify(member) : jsonOf(member)}`,
  );
  return `{${entries.join(",")}}`;
}
