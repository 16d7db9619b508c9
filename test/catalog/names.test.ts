import { expect, test } from "vitest";
import { formatTableName, parseTableName, tableName } from "../../catalog/index.js";

test.each([
  ["orders", { namespace: "default", name: "orders" }],
  ["sales.Orders", { namespace: "sales", name: "Orders" }],
  ["größe.表 1", { namespace: "größe", name: "表 1" }],
])("%j is %o", (text, expected) => {
  expect(parseTableName(text)).toEqual(expected);
});

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a.b.c",
  "a/b",
  "a\nb",
  "a\u0085",
  "x".repeat(256),
  "é".repeat(128),
  "\uD800",
])("%j is no name", (text) => {
  expect(() => parseTableName(text)).toThrow(
    expect.objectContaining({ kind: "invalid-input", code: "name" }),
  );
});

test("255 bytes fit, and a part may hold a dot when it is given apart", () => {
  expect(parseTableName("x".repeat(255)).name).toHaveLength(255);
  expect(tableName("v1.2", "a.b")).toEqual({ namespace: "a.b", name: "v1.2" });
  expect(formatTableName(tableName("orders"))).toBe("default.orders");
});
