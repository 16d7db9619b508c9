/**
 * Names for columns as the input spells them. SQL and Delta compare names without case, so of two
 * that differ in case only the second gets a number; one that is empty becomes `column1`, by place.
 */
export function columnNames(spelled: readonly string[]): {
  readonly names: string[];
  readonly notes: string[];
} {
  const taken = new Set<string>();
  const notes: string[] = [];
  const names = spelled.map((name, index) => {
    const wanted = name === "" ? `column${index + 1}` : name;
    let unique = wanted;
    for (let suffix = 1; taken.has(unique.toLowerCase()); suffix++) unique = `${wanted}_${suffix}`;
    taken.add(unique.toLowerCase());
    if (unique !== name) notes.push(`column ${index + 1}, named ${JSON.stringify(name)}, became ${unique}`);
    return unique;
  });
  return { names, notes };
}
