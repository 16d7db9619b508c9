/**
 * How much of a stress test's full amount is run: all of it, or the share that `GRIZZLY_STRESS_SHARE` (above 0, at most
 * 1) says, for machines on which time is short. The test says what it ran.
 */
export function stressAmount(full: number): number {
  const given = process.env["GRIZZLY_STRESS_SHARE"];
  if (given === undefined) return full;
  const share = Number(given);
  if (!(share > 0 && share <= 1)) throw new Error(`GRIZZLY_STRESS_SHARE is ${given}, not a number up to 1`);
  const amount = Math.max(1, Math.round(full * share));
  console.log(`GRIZZLY_STRESS_SHARE=${given}: ${amount} of ${full}`);
  return amount;
}
