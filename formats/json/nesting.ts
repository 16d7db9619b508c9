/**
 * Lists and maps inside each other, at most, that get a type. The engine binds the body of a lambda twice, so that
 * each one inside another doubles the time of planning: 8 take 20 ms, 15 half a second, 22 half a minute.
 */
const MAXIMUM_LISTS = 8;

/** Values inside values of any kind, at most, that get a type: what the engine plans grows with their third power. */
const MAXIMUM_LEVELS = 24;

/** What is directly inside a value, and whether it is repeated: in a list or a map. */
export interface Inside<T> {
  readonly values: readonly T[];
  readonly isRepeated: boolean;
}

/** Whether a type whose values nest so deep takes the engine too long. Such a field is kept as JSON text. Pure. */
export function nestsTooDeep<T>(value: T, inside: (value: T) => Inside<T>): boolean {
  const exceeds = (at: T, levels: number, lists: number): boolean => {
    if (levels > MAXIMUM_LEVELS || lists > MAXIMUM_LISTS) return true;
    const { values, isRepeated } = inside(at);
    return values.some((inner) => exceeds(inner, levels + 1, isRepeated ? lists + 1 : lists));
  };
  return exceeds(value, 0, 0);
}
