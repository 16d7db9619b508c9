import { describe, expect, test } from "vitest";
import { mentionsColumn, withoutInStars } from "../../src/sql/hidden-column.js";

const FILTER = "NOT SIMILAR TO '(?i)_metadata'";

describe("a column that no star shows", () => {
  test.each([
    ["SELECT *, _metadata FROM t", `SELECT * ${FILTER}, _metadata FROM t`],
    ["SELECT DISTINCT * FROM t", `SELECT DISTINCT * ${FILTER} FROM t`],
    ["SELECT a, t.*, b.* FROM t, b", `SELECT a, t.* ${FILTER}, b.* ${FILTER} FROM t, b`],
    ["SELECT * EXCLUDE (a, b), c FROM t", `SELECT * EXCLUDE (a, b) ${FILTER}, c FROM t`],
    ["SELECT * EXCLUDE a FROM t", `SELECT * EXCLUDE a ${FILTER} FROM t`],
    ["SELECT * EXCEPT (a) FROM t", `SELECT * EXCEPT (a) ${FILTER} FROM t`],
    [
      "SELECT (SELECT count(*) FROM u), 2 * 3, a * b FROM t",
      "SELECT (SELECT count(*) FROM u), 2 * 3, a * b FROM t",
    ],
    ["SELECT * REPLACE (1 AS a) FROM t", "SELECT * REPLACE (1 AS a) FROM t"],
    ["SELECT * LIKE 'a%' FROM t", "SELECT * LIKE 'a%' FROM t"],
    ["SELECT '*', \"*\" FROM t", "SELECT '*', \"*\" FROM t"],
  ])("%s", (sql, expected) => {
    expect(withoutInStars(sql, "_metadata")).toBe(expected);
  });

  test("is mentioned by its name in any case and quotes, not in a text or comment", () => {
    for (const sql of ["SELECT _metadata", 'SELECT t."_metadata".x', "SELECT _METADATA.row_id"]) {
      expect(mentionsColumn(sql, "_metadata")).toBe(true);
    }
    for (const sql of ["SELECT '_metadata'", "SELECT 1 -- _metadata", "SELECT x_metadata"]) {
      expect(mentionsColumn(sql, "_metadata")).toBe(false);
    }
  });
});
