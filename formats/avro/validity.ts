/** Buffers of the rows so far; they change with the rows that come after a `clear`. */
export interface Part {
  readonly length: number;
  readonly nullCount: number;
  readonly validity?: Uint8Array;
  readonly offsets?: Int32Array;
  readonly values?: ArrayBufferView;
  readonly children: readonly Part[];
}

/** Which rows are not null: a bit a row, least significant first, set until it is cleared. */
export class Validity {
  bits = new Uint8Array(0);
  /** Rows so far that are null. */
  nulls = 0;

  reserve(rows: number): void {
    const before = this.bits.length;
    if (rows <= before * 8) return;
    const grown = new Uint8Array(roomFor(Math.ceil(rows / 8), before));
    grown.set(this.bits);
    this.bits = grown.fill(255, before);
  }

  setNull(row: number): void {
    this.bits[row >> 3] = (this.bits[row >> 3] ?? 0) & ~(1 << (row & 7));
    this.nulls++;
  }

  clear(): void {
    if (this.nulls > 0) this.bits.fill(255);
    this.nulls = 0;
  }

  part(rows: number): Pick<Part, "length" | "nullCount" | "validity"> {
    if (this.nulls === 0) return { length: rows, nullCount: 0 };
    return { length: rows, nullCount: this.nulls, validity: this.bits.subarray(0, Math.ceil(rows / 8)) };
  }
}

/** Room that doubles, from a first size on. */
export const roomFor = (needed: number, before: number): number => Math.max(needed, before * 2, 64);
