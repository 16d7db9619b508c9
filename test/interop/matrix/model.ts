import { type Relation, relation } from "../cells.js";

/** What the rows of a table must be: `v` by `id`. */
export class Model {
  readonly #rows: ReadonlyMap<number, string>;

  private constructor(rows: ReadonlyMap<number, string>) {
    this.#rows = rows;
  }

  static readonly empty = new Model(new Map());

  with(first: number, end: number, text = (id: number): string => `v${id}`): Model {
    const rows = new Map(this.#rows);
    for (let id = first; id < end; id++) rows.set(id, text(id));
    return new Model(rows);
  }

  without(gone: (id: number) => boolean): Model {
    return new Model(new Map([...this.#rows].filter(([id]) => !gone(id))));
  }

  relation(): Relation {
    return relation(["id", "v"], [...this.#rows]);
  }
}

/** The first rows that a table gets. */
export const FIRST = Model.empty.with(0, 20);

/** What whoever makes a table leaves in it. */
export function madeRows(deletes: boolean): Model {
  const all = FIRST.with(20, 30);
  return deletes ? all.without((id) => id % 5 === 0) : all;
}
