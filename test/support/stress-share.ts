/**
 * How much of a stress test's full amount is run: all of it, or the share that `GRIZZLY_STRESS_SHARE` (above 0, at most
 * 1) says, for machines on which time is short. The test says what it ran.
 */
export function stressAmount(full: number): number {
  const share = stressShare();
  if (share === undefined) return full;
  const amount = Math.max(1, Math.round(full * share));
  console.log(`GRIZZLY_STRESS_SHARE=${share}: ${amount} of ${full}`);
  return amount;
}

/** As {@link stressAmount}, of cases: the chosen ones lie evenly among them. */
export function stressCases<T>(name: string, cases: readonly T[]): readonly T[] {
  const share = stressShare();
  if (share === undefined) return cases;
  const chosen = cases.filter((_, place) => Math.floor((place + 1) * share) > Math.floor(place * share));
  console.log(`GRIZZLY_STRESS_SHARE=${share}: ${chosen.length} of ${cases.length} cases of ${name}`);
  return chosen;
}

function stressShare(): number | undefined {
  const given = process.env["GRIZZLY_STRESS_SHARE"];
  if (given === undefined) return undefined;
  const share = Number(given);
  if (!(share > 0 && share <= 1)) throw new Error(`GRIZZLY_STRESS_SHARE is ${given}, not a number up to 1`);
  return share;
}
