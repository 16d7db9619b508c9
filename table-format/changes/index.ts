export { type ChangeFeed, changesOfCommit, openChangeFeed } from "./change-feed.js";
export { type ChangePart, ROW_INDEX_BITS } from "./change-files.js";
export { FEED_COLUMN_NAMES } from "./feed-schema.js";
export type { ChangeBound, ChangeRange } from "./range.js";
