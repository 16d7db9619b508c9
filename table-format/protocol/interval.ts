const UNIT_MS: Readonly<Record<string, number>> = {
  microsecond: 0.001,
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

/**
 * A length of time as table properties spell it, in milliseconds: `interval 1 week`, `36 hours`,
 * `1 day 12 hours`. `undefined` for anything else, months and years among it, whose length varies
 * (delta-spark, `DeltaConfigs`).
 */
export function parseInterval(text: string): number | undefined {
  const parts = text
    .trim()
    .replace(/^interval\b/i, "")
    .trim();
  if (!/^(?:\d+\s*[a-z]+(?:\s+|$))+$/i.test(parts)) return undefined;
  let total = 0;
  for (const [, amount, unit = ""] of parts.matchAll(/(\d+)\s*([a-z]+)/gi)) {
    const length = UNIT_MS[unit.toLowerCase().replace(/s$/, "")];
    if (length === undefined) return undefined;
    total += Number(amount) * length;
  }
  return total;
}
