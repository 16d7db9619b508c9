import type { FetchCounts } from "../../../object-store/index.js";

/** Adds up what is fetched for one table of a query. */
export class FetchTally implements FetchCounts {
  #requests = 0;
  #bytes = 0;
  #hitBytes = 0;

  get requests(): number {
    return this.#requests;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hitBytes(): number {
    return this.#hitBytes;
  }

  readonly add = ({ requests, bytes, hitBytes }: FetchCounts): void => {
    this.#requests += requests;
    this.#bytes += bytes;
    this.#hitBytes += hitBytes;
  };
}

/** Several tallies as one. */
export class FetchSum implements FetchCounts {
  readonly #parts: readonly FetchCounts[];

  constructor(parts: readonly FetchCounts[]) {
    this.#parts = parts;
  }

  get requests(): number {
    return this.#parts.reduce((sum, { requests }) => sum + requests, 0);
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get hitBytes(): number {
    return this.#parts.reduce((sum, { hitBytes }) => sum + hitBytes, 0);
  }
}
