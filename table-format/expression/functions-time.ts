import type { FunctionTable } from "./call.js";
import { castSql, withFourDigitYear } from "./cast.js";
import { datePattern, parsePattern } from "./date-pattern.js";
import { unsupportedExpression } from "./failure.js";
import {
  DATE,
  type Failure,
  INTEGER,
  isTemporal,
  isWhole,
  LONG,
  made,
  STRING,
  stringSql,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  type TypedSql,
} from "./typed-sql.js";

type Call = Parameters<FunctionTable[string]["compile"]>[0];

/** A part of a date or timestamp, by DuckDB's name for it. */
function part(of: "date" | "time", sql: (clock: string) => string): FunctionTable[string] {
  return {
    least: 1,
    most: 1,
    compile: (call) => {
      const value = of === "date" ? day(call, 0) : instant(call, 0);
      return made(`CAST(${sql(clock(value))} AS INTEGER)`, INTEGER, [value]);
    },
  };
}

/** Functions of dates and timestamps. All of them count in UTC. */
export const TIME_FUNCTIONS: FunctionTable = {
  year: part("date", (date) => `year(${date})`),
  quarter: part("date", (date) => `quarter(${date})`),
  month: part("date", (date) => `month(${date})`),
  weekofyear: part("date", (date) => `week(${date})`),
  day: part("date", (date) => `day(${date})`),
  dayofmonth: part("date", (date) => `day(${date})`),
  dayofyear: part("date", (date) => `dayofyear(${date})`),
  // 1 is Sunday in Spark, 0 in DuckDB; `weekday` counts from Monday, 0.
  dayofweek: part("date", (date) => `dayofweek(${date}) + 1`),
  weekday: part("date", (date) => `isodow(${date}) - 1`),
  hour: part("time", (time) => `hour(${time})`),
  minute: part("time", (time) => `minute(${time})`),
  second: part("time", (time) => `second(${time})`),
  to_date: { least: 1, most: 2, compile: (call) => parsed(call, DATE) },
  to_timestamp: { least: 1, most: 2, compile: (call) => parsed(call, TIMESTAMP) },
  date_add: { least: 2, most: 2, compile: (call) => addDays(call, "+") },
  dateadd: { least: 2, most: 2, compile: (call) => addDays(call, "+") },
  date_sub: { least: 2, most: 2, compile: (call) => addDays(call, "-") },
  datediff: { least: 2, most: 2, compile: daysBetween },
  date_diff: { least: 2, most: 2, compile: daysBetween },
  add_months: {
    least: 2,
    most: 2,
    compile: (call) => {
      const [start, months] = [day(call, 0), call.as(1, INTEGER)];
      return made(`CAST(${start.sql} + to_months(${months.sql}) AS DATE)`, DATE, [start, months], true);
    },
  },
  last_day: {
    least: 1,
    most: 1,
    compile: (call) => made(`last_day(${day(call, 0).sql})`, DATE, [day(call, 0)]),
  },
  make_date: {
    least: 3,
    most: 3,
    compile: (call) => {
      const parts = [0, 1, 2].map((index) => call.as(index, INTEGER));
      return made(`make_date(${parts.map(({ sql }) => sql).join(", ")})`, DATE, parts, true);
    },
  },
  trunc: { least: 2, most: 2, compile: truncateDate },
  date_trunc: { least: 2, most: 2, compile: truncateInstant },
  date_format: {
    least: 2,
    most: 2,
    compile: (call) =>
      formatted(clock(instant(call, 0)), call.literalText(1), instant(call, 0), call.context),
  },
  from_unixtime: {
    least: 1,
    most: 2,
    compile: (call) => {
      const seconds = call.as(0, LONG);
      const pattern = call.args.length === 2 ? call.literalText(1) : "yyyy-MM-dd HH:mm:ss";
      return formatted(`make_timestamp(${seconds.sql} * 1000000)`, pattern, seconds, call.context);
    },
  },
  unix_timestamp: {
    least: 1,
    most: 1,
    compile: (call) => {
      if (!isTemporal(call.at(0).type)) throw call.wrongTypes();
      const value = castSql(call.at(0), TIMESTAMP, call.context);
      // Cut towards zero; the cast of a timestamp to a bigint rounds down.
      return made(`epoch_us(${value.sql}) // 1000000`, LONG, [value]);
    },
  },
  timestamp_seconds: { least: 1, most: 1, compile: (call) => fromEpoch(call, 1_000_000) },
  timestamp_millis: { least: 1, most: 1, compile: (call) => fromEpoch(call, 1_000) },
  timestamp_micros: { least: 1, most: 1, compile: (call) => fromEpoch(call, 1) },
  current_timestamp: { least: 0, most: 0, compile: (call) => current(call) },
  now: { least: 0, most: 0, compile: (call) => current(call) },
  localtimestamp: {
    least: 0,
    most: 0,
    compile: (call) => castSql(current(call), TIMESTAMP_NTZ, call.context),
  },
  current_date: { least: 0, most: 0, compile: (call) => castSql(current(call), DATE, call.context) },
  curdate: { least: 0, most: 0, compile: (call) => castSql(current(call), DATE, call.context) },
};

function day(call: Call, index: number): TypedSql {
  return call.as(index, DATE);
}

/** A timestamp of either kind as it is, and anything else as Spark makes one of it. */
function instant(call: Call, index: number): TypedSql {
  return call.at(index).type.type === "timestamp_ntz" ? call.at(index) : call.as(index, TIMESTAMP);
}

/** The wall clock in UTC: the functions of TIMESTAMP cost a tenth of those that ask a calendar for the zone. */
function clock(value: TypedSql): string {
  return value.type.type === "timestamp" ? `make_timestamp(epoch_us(${value.sql}))` : value.sql;
}

/** `to_date(x)` is a cast; with a pattern, a string must have exactly its form. */
function parsed(call: Call, type: typeof DATE): TypedSql {
  if (call.args.length === 1 || call.at(0).type.type !== "string") return call.as(0, type);
  const text = call.at(0);
  const { engine, form } = parsePattern(call.literalText(1));
  const error = call.context.fail(`a string has not the form ${call.literalText(1)}`);
  const clockTime = `strptime(${text.sql}, ${stringSql(engine)})`;
  const value = castSql({ sql: clockTime, type: TIMESTAMP_NTZ, mayFail: true }, type, call.context);
  return made(
    `CASE WHEN regexp_full_match(${text.sql}, ${stringSql(form)}) THEN ${value.sql} WHEN ${text.sql} IS NULL THEN NULL ELSE ${error} END`,
    type,
    [text],
    true,
  );
}

function addDays(call: Call, op: "+" | "-"): TypedSql {
  const [start, days] = [day(call, 0), call.at(1)];
  if (!isWhole(days.type) || days.type.type === "long") throw call.wrongTypes();
  return made(`${start.sql} ${op} CAST(${days.sql} AS INTEGER)`, DATE, [start, days], true);
}

/** Days from the second to the first. */
function daysBetween(call: Call): TypedSql {
  const [end, start] = [day(call, 0), day(call, 1)];
  return made(`CAST(date_diff('day', ${start.sql}, ${end.sql}) AS INTEGER)`, INTEGER, [end, start]);
}

const UNITS: Readonly<Record<string, string>> = {
  YEAR: "year",
  YYYY: "year",
  YY: "year",
  QUARTER: "quarter",
  MONTH: "month",
  MON: "month",
  MM: "month",
  WEEK: "week",
  DAY: "day",
  DD: "day",
  HOUR: "hour",
  MINUTE: "minute",
  SECOND: "second",
  MILLISECOND: "millisecond",
  MICROSECOND: "microsecond",
};

/** Spark gives NULL for a unit that it does not know, which would be hidden here. */
function unit(call: Call, index: number, least: "day" | "any"): string {
  const name = call.literalText(index).toUpperCase();
  const found = Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
  const allowed = least === "any" || ["year", "quarter", "month", "week"].includes(found ?? "");
  if (found === undefined || !allowed) throw unsupportedExpression(`${call.name} to the unit ${name}`);
  return found;
}

function truncateDate(call: Call): TypedSql {
  const date = day(call, 0);
  return made(`CAST(date_trunc('${unit(call, 1, "day")}', ${date.sql}) AS DATE)`, DATE, [date]);
}

/** Always a timestamp with a zone, whatever goes in, as in Spark. */
function truncateInstant(call: Call): TypedSql {
  const value = instant(call, 1);
  const truncated = `date_trunc('${unit(call, 0, "any")}', ${clock(value)})`;
  return castSql(made(truncated, TIMESTAMP_NTZ, [value]), TIMESTAMP, call.context);
}

function formatted(clockSql: string, pattern: string, of: TypedSql, failure: Failure): TypedSql {
  const text = `strftime(${clockSql}, ${stringSql(datePattern(pattern))})`;
  return made(withFourDigitYear(clockSql, text, failure), STRING, [of], true);
}

function fromEpoch(call: Call, micros: number): TypedSql {
  if (!isWhole(call.at(0).type)) throw call.wrongTypes();
  const count = call.as(0, LONG);
  const clockTime = made(`make_timestamp(${count.sql} * ${micros})`, TIMESTAMP_NTZ, [count], true);
  return castSql(clockTime, TIMESTAMP, call.context);
}

function current(call: Call): TypedSql {
  call.context.useVolatile(call.name);
  const { now } = call.context;
  const sql =
    now === undefined
      ? "current_timestamp"
      : `CAST(make_timestamp(${BigInt(now) * 1000n}) AS TIMESTAMP WITH TIME ZONE)`;
  return { sql, type: TIMESTAMP, mayFail: false };
}
