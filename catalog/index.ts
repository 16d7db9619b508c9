export { Catalog, type CatalogOptions } from "./catalog.js";
export type { TransactionEnd, TransactionIntent, TransactionOutcome, TransactionTable } from "./intent.js";
export { DEFAULT_NAMESPACE, formatTableName, parseTableName, type TableName, tableName } from "./names.js";
export type { CatalogTable, CatalogView } from "./state.js";
export type { Beginning } from "./transactions.js";
