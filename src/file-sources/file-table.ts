import type { SourceColumn } from "../../formats/index.js";
import type { FetchCounts } from "../../object-store/index.js";

/** Files of a query as one relation; what its SQL reads is there until the session ends. */
export interface FileTable {
  /** As the query names them. */
  readonly label: string;
  readonly columns: readonly SourceColumn[];
  /** A SELECT of exactly the columns, then of `_metadata` where it was asked for. */
  readonly sql: string;
  /** The type of `_metadata`, when it is there. */
  readonly metadataType: string | undefined;
  readonly files: number;
  readonly bytes: bigint;
  /** What was fetched of them; `undefined` where all are local. */
  readonly fetched: FetchCounts | undefined;
  /** How many threads of the engine keep all cores at work; default one a core. */
  readonly threads: number | undefined;
  /** Brings columns of files that are far away: before the SQL is run, those that it reads. */
  readonly fetchColumns: (columns: readonly string[] | "all") => Promise<void>;
  /** The failure of a query, as the files explain it; as it is when it is not theirs. */
  readonly explain: (failure: unknown) => Promise<unknown>;
}
