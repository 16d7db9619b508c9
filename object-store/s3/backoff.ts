/** Milliseconds that the first wait is at most, after a failure and after being asked for fewer requests. */
const FIRST_WAIT = 100;
const FIRST_WAIT_THROTTLED = 400;
const LONGEST_WAIT = 8_000;

/**
 * How long to wait before the next try: evenly spread from none to a bound that doubles with every try ("full jitter"),
 * so that clients that failed together do not come back together.
 *
 * @param failures how many tries have failed, from 1 up
 * @param random from 0 to below 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, throttled: boolean, random: number): number {
  const first = throttled ? FIRST_WAIT_THROTTLED : FIRST_WAIT;
  return random * Math.min(LONGEST_WAIT, first * 2 ** (failures - 1));
}
