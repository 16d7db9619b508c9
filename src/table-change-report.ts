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
