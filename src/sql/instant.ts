import { LakeError } from "../../core/index.js";

const DATE_AND_TIME =
  /^(\d{4,6}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * Reads a point in time: `2026-01-31`, `2026-01-31 10:00:00.5`, `2026-01-31T10:00:00Z`,
 * `2026-01-31 10:00:00+02`. Without an offset it is UTC.
 *
 * @returns milliseconds since the epoch, rounded down
 * @throws LakeError `invalid-input` when the text is no point in time.
 */
export function parseInstant(text: string): number {
  const [, date, time = "00:00", zone = "Z"] = DATE_AND_TIME.exec(text.trim()) ?? [];
  const offset = /^z$/i.test(zone)
    ? "Z"
    : zone.length === 3
      ? `${zone}:00`
      : zone.replace(/^([+-]\d{2})(\d{2})$/, "$1:$2");
  const millis = /\.\d+$/.test(time) ? time.replace(/(\.\d{3})\d+$/, "$1") : time;
  const instant = date === undefined ? Number.NaN : Date.parse(`${date}T${millis}${offset}`);
  if (Number.isNaN(instant)) {
    throw new LakeError("invalid-input", "timestamp", `${JSON.stringify(text)} is not a point in time`, {
      hint: "Write it as 2026-01-31, 2026-01-31 10:00:00 or 2026-01-31T10:00:00Z; without an offset it is UTC.",
    });
  }
  return instant;
}
