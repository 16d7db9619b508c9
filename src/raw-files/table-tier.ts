import { homedir } from "node:os";
import { LocalTier } from "../../object-store/index.js";
import type { TableFolder } from "../../table-format/index.js";
import { tierOptions } from "../cache-options.js";

/** The tiers of tables that were opened without one, by their folders. */
const DEFAULTS = new Map<string, LocalTier>();

/** Where copies of a table's files are kept: in the tier that it came with, else in the user's own. */
export function tierOf({ tier }: TableFolder): LocalTier {
  if (tier !== undefined) return tier;
  const options = tierOptions({}, process.env, homedir(), process.cwd());
  const known = DEFAULTS.get(options.directory) ?? new LocalTier(options);
  DEFAULTS.set(options.directory, known);
  return known;
}
