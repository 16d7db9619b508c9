/** The data set of thirty-queries.test.ts: orders with every kind of value, in files, and customers to join. */

export const ROWS_A_FILE = 600;

/** The last of the files, whose orders have a column more. */
export const LAST_FILE = 4;

/** The columns of orders, as Delta names their types; `channel` joins them later. */
export const ORDERS_COLUMNS = `
  order_id BIGINT,
  customer STRUCT<id: BIGINT, name: STRING, address: STRUCT<city: STRING, zip: STRING>>,
  lines ARRAY<STRUCT<sku: STRING, quantity: BIGINT, price: DECIMAL(12,2)>>,
  tags MAP<STRING, STRING>,
  amount DECIMAL(28,8),
  day DATE,
  placed_at TIMESTAMP,
  local_at TIMESTAMP_NTZ,
  note STRING,
  score DOUBLE,
  active BOOLEAN,
  big BIGINT`;

export const CUSTOMERS_COLUMNS = "id BIGINT, segment STRING, since DATE, credit DECIMAL(10,2)";

/** A SELECT of the orders of one file, in the engine's types; every value follows from the row's number. */
export function ordersSql(file: number): string {
  const channel =
    file < LAST_FILE ? "" : ", CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'web' ELSE 'shop' END AS channel";
  return `
    SELECT
      9007199254740993 + i * 2 AS order_id,
      CASE WHEN i % 23 <> 0 THEN {
        'id': (i * 7) % 45,
        'name': ['Ada', 'Grace', 'Zoë', '李雷', 'O''Neill "Red"'][(i * 7) % 45 % 5 + 1],
        'address': CASE WHEN i % 11 <> 0 THEN {
          'city': ['Zürich', 'São Paulo', '東京', 'Leeds', 'Ålesund', 'Köln'][i % 6 + 1],
          'zip': lpad((i * 37 % 100000)::VARCHAR, 5, '0')
        } END
      } END AS customer,
      CASE WHEN i % 29 <> 0 THEN list_transform(range(i % 4), lambda j: {
        'sku': 'sku-' || ((i + j * 13) % 17),
        'quantity': (i * 3 + j) % 9 + 1,
        'price': (i * 97 + j * 1009) % 99999 / 100
      })::STRUCT(sku VARCHAR, quantity BIGINT, price DECIMAL(12,2))[] END AS lines,
      CASE WHEN i % 31 <> 0 THEN map_from_entries(list_transform(range(i % 3), lambda j: {
        'k': ['gift', 'größe'][j + 1],
        'v': CASE WHEN (i + j) % 7 = 0 THEN NULL ELSE 'v' || ((i + j) % 5) END
      }))::MAP(VARCHAR, VARCHAR) END AS tags,
      CASE WHEN i % 37 <> 0
        THEN (((i * 7919) % 1000003) - 500000) * 12345678901.00000001::DECIMAL(19,8) END::DECIMAL(28,8) AS amount,
      CASE WHEN i % 41 <> 0 THEN DATE '2023-12-15' + (i % 60)::INTEGER END AS day,
      CASE WHEN i % 43 <> 0
        THEN make_timestamp(1702598400000000 + i * 1800000001)::TIMESTAMPTZ END AS placed_at,
      CASE WHEN i % 47 <> 0 THEN make_timestamp(-62135596799999999 + i * 86400000003 * 350) END AS local_at,
      CASE i % 8
        WHEN 0 THEN NULL WHEN 1 THEN 'naïve — 日本 🧸' WHEN 2 THEN 'said "no", left' WHEN 3 THEN 'two' || chr(10) || 'lines'
        WHEN 4 THEN ' padded ' WHEN 5 THEN 'back\\slash; semi' WHEN 6 THEN 'note ' || i ELSE '2024-01-0' || (i % 9 + 1)
      END AS note,
      CASE WHEN i % 53 <> 0 THEN ((i * 31) % 4096 - 2048) / 128 END AS score,
      CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END AS active,
      CASE WHEN i % 2 = 0 THEN 9223372036854775807 - i ELSE -9223372036854775807 - 1 + i END AS big
      ${channel}
    FROM range(${file * ROWS_A_FILE}, ${(file + 1) * ROWS_A_FILE}) AS r(i)`;
}

/** A SELECT of the customers; some have no orders, and some orders are of nobody's. */
export const CUSTOMERS_SQL = `
  SELECT i AS id, ['private', 'business', 'größer'][i % 3 + 1] AS segment,
         CASE WHEN i % 5 <> 0 THEN DATE '2019-02-28' + (i * 11)::INTEGER END AS since,
         ((i * 1234567 % 9999999) / 100)::DECIMAL(10,2) AS credit
  FROM range(3, 60) AS r(i)`;

/** One version of the orders after another: a file that lands, or a statement about the table `$orders`. */
export type Step = { readonly file: number } | { readonly sql: string };

/** The step at index n makes version n + 1. */
export const STEPS: readonly Step[] = [
  { file: 0 },
  { file: 1 },
  { sql: "DELETE FROM $orders WHERE score < -12 OR note LIKE 'said%' AND active" },
  { file: 2 },
  {
    sql: "UPDATE $orders SET note = coalesce(note, '') || ' (checked)', score = score + 0.5 WHERE day < DATE '2023-12-25'",
  },
  { file: 3 },
  { sql: "DELETE FROM $orders WHERE customer.address.city = 'Leeds' AND len(lines) = 1" },
  { sql: "ALTER TABLE $orders ADD COLUMN channel VARCHAR" },
  { file: LAST_FILE },
  { sql: "UPDATE $orders SET channel = 'phone', amount = amount + 0.00000001 WHERE tags['gift'] = 'v3'" },
];

export const LAST_VERSION = STEPS.length;
