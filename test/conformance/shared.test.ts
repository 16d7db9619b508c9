import { describe, test } from "vitest";
import { conformanceSuite } from "./suite.js";
import { sharedTables } from "./tables.js";

// The golden tables of the Delta Lake project, on machines that have them beside the checkout.

const tables = await sharedTables();
if (tables === undefined) {
  console.warn("skipped: there is no ../shared/conformance");
  test.skip("../shared/conformance");
} else {
  describe("golden tables", () => conformanceSuite(tables));
}
