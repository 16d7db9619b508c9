import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Set-up of a whole run: no test, nor any process that it starts, keeps copies in the user's own cache. */
export default function cacheFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "grizzly-test-cache-"));
  process.env["GRIZZLY_CACHE_DIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
