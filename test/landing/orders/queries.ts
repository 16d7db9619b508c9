/** What is asked: `$orders` is the newest version, `$orders@3` the third, `$customers` the table to join. */
export const QUERIES: readonly { readonly asks: string; readonly sql: string }[] = [
  // Filters.
  { asks: "how many rows", sql: "SELECT count(*) AS n FROM $orders" },
  { asks: "every row, every column", sql: "SELECT * FROM $orders" },
  {
    asks: "rows by 64-bit keys that a double cannot tell apart",
    sql: "SELECT * FROM $orders WHERE order_id IN (9007199254740993, 9007199254740994, 9007199254740995, 9007199254742001)",
  },
  {
    asks: "the ends of 64 bits",
    sql: "SELECT order_id, big FROM $orders WHERE big > 9223372036854775700 OR big < -9223372036854775700",
  },
  {
    asks: "text beyond ASCII, quotes, line feeds, blanks",
    sql: "SELECT order_id, note FROM $orders WHERE note LIKE '%日本%' OR note LIKE '%\"%' OR note LIKE '%' || chr(10) || '%' OR note = ' padded '",
  },
  {
    asks: "NULL and three truth values",
    sql: "SELECT active, count(*) AS n, count(note) AS notes, count(*) FILTER (note = '') AS empty FROM $orders WHERE active IS NOT TRUE GROUP BY active",
  },
  {
    asks: "an instant's range, with a time zone",
    sql: "SELECT order_id, placed_at FROM $orders WHERE placed_at >= TIMESTAMPTZ '2024-01-01 01:00:00+02' AND placed_at < TIMESTAMPTZ '2024-01-03 00:00:00Z'",
  },
  {
    asks: "wall clocks to the microsecond, back to the year 1",
    sql: "SELECT min(local_at) AS least, max(local_at) AS greatest, count(DISTINCT epoch_us(local_at) % 1000000) AS micros FROM $orders",
  },
  {
    asks: "days and a bound that skips files",
    sql: "SELECT order_id, day FROM $orders WHERE day BETWEEN DATE '2023-12-31' AND DATE '2024-01-02'",
  },
  // Nested fields.
  {
    asks: "a field of a struct of a struct",
    sql: "SELECT order_id, customer.name, customer.address.zip FROM $orders WHERE customer.address.city = 'Zürich'",
  },
  {
    asks: "which structs are NULL, and which only hold one",
    sql: "SELECT customer IS NULL AS nobody, customer.address IS NULL AS nowhere, count(*) AS n FROM $orders GROUP BY ALL",
  },
  {
    asks: "items of lists of structs",
    sql: "SELECT line.sku, sum(line.quantity * line.price) AS worth, count(*) AS n FROM (SELECT unnest(lines) AS line FROM $orders) GROUP BY ALL",
  },
  {
    asks: "empty lists and NULL ones",
    sql: "SELECT len(lines) AS lines, count(*) AS n FROM $orders GROUP BY ALL",
  },
  {
    asks: "one item of a list",
    sql: "SELECT order_id, lines[2] AS second FROM $orders WHERE lines[1].price > 900 AND lines[2].quantity <= 3",
  },
  {
    asks: "values of maps by their key",
    sql: "SELECT tags['gift'] AS gift, tags['größe'] AS size, count(*) AS n FROM $orders GROUP BY ALL",
  },
  {
    asks: "keys of maps, empty maps and NULL ones",
    sql: "SELECT map_keys(tags) AS keys, cardinality(tags) AS entries, count(*) AS n FROM $orders GROUP BY ALL",
  },
  // Aggregates.
  {
    asks: "exact sums of decimals",
    sql: "SELECT sum(amount) AS total, min(amount) AS least, max(amount) AS greatest, count(DISTINCT amount) AS n FROM $orders",
  },
  {
    asks: "groups by an expression, and those that are large enough",
    sql: "SELECT date_trunc('week', day) AS week, count(*) AS n, sum(score) AS score FROM $orders GROUP BY 1 HAVING count(*) > 40",
  },
  {
    asks: "a rollup over a nested field",
    sql: "SELECT customer.address.city AS city, active, count(*) AS n, sum(amount) AS amount FROM $orders GROUP BY ROLLUP (customer.address.city, active)",
  },
  {
    asks: "distinct structs",
    sql: "SELECT count(DISTINCT customer) AS customers, count(DISTINCT tags) AS tags, count(DISTINCT lines) AS lines FROM $orders",
  },
  // Windows.
  {
    asks: "the latest order of each customer",
    sql: "SELECT customer.id, order_id, placed_at FROM $orders QUALIFY row_number() OVER (PARTITION BY customer.id ORDER BY placed_at DESC NULLS LAST, order_id) = 1",
  },
  {
    asks: "a running sum of decimals",
    sql: "SELECT order_id, sum(amount) OVER (PARTITION BY day ORDER BY order_id) AS so_far FROM $orders WHERE day < DATE '2024-01-10'",
  },
  // Joins.
  {
    asks: "orders of known customers",
    sql: "SELECT c.segment, count(*) AS n, sum(o.amount) AS amount, sum(DISTINCT c.credit) AS credit FROM $orders AS o JOIN $customers AS c ON o.customer.id = c.id GROUP BY ALL",
  },
  {
    asks: "customers without orders, and orders of nobody",
    sql: "SELECT c.id, o.order_id FROM $customers AS c FULL JOIN (SELECT * FROM $orders WHERE active) AS o ON o.customer.id = c.id WHERE c.id IS NULL OR o.order_id IS NULL",
  },
  {
    asks: "orders that are worth more than their customer's mean",
    sql: "SELECT order_id FROM $orders AS o WHERE score > (SELECT avg(i.score) FROM $orders AS i WHERE i.customer.id = o.customer.id) + 12",
  },
  // Time travel.
  { asks: "the first version", sql: "SELECT count(*) AS n, sum(amount) AS amount FROM $orders@1" },
  { asks: "what a DELETE took", sql: "SELECT * FROM $orders@2 EXCEPT SELECT * FROM $orders@3" },
  {
    asks: "what an UPDATE changed",
    sql: "SELECT a.order_id, b.note AS before, a.note AS after, a.score - b.score AS more FROM $orders@5 AS a JOIN $orders@4 AS b USING (order_id) WHERE a.note IS DISTINCT FROM b.note",
  },
  {
    asks: "how many rows each version has, in one query",
    sql: "SELECT 2 AS version, count(*) AS n FROM $orders@2 UNION ALL SELECT 6, count(*) FROM $orders@6 UNION ALL SELECT 7, count(*) FROM $orders@7 UNION ALL SELECT 9, count(*) FROM $orders@9",
  },
  {
    asks: "a column that was added later, before and after it was filled",
    sql: "SELECT n.channel, o.channel AS was, count(*) AS n FROM $orders AS n JOIN $orders@8 AS o USING (order_id) GROUP BY ALL UNION ALL SELECT channel, 'all', count(*) FROM $orders GROUP BY ALL",
  },
];
