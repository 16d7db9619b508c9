/** What a statement made of a table. */
export interface TableChangeReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  /** As in the table's history. */
  readonly operation: string;
  /** False when there was nothing to do, and no commit. */
  readonly changed: boolean;
  /** Features that joined the table's protocol, and keep out programs that do not know them. */
  readonly featuresAdded: readonly string[];
  /** What else a person wants to know. */
  readonly notes: readonly string[];
}

/** What a statement made of the rows of a table. A count is `undefined` where it is not known. */
export interface RowChangeReport extends TableChangeReport {
  readonly rowsInserted: bigint | undefined;
  readonly rowsUpdated: bigint | undefined;
  readonly rowsDeleted: bigint | undefined;
}
