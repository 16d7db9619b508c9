/** Whether a path holds a glob metacharacter: `*`, `?`, `[..]` or `{a,b}`. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** The part of a pattern before its first metacharacter, cut at the last `/`: where a walk begins. */
export function globBase(pattern: string): string {
  const literal = pattern.slice(0, pattern.search(/[*?[{]/));
  const slash = literal.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : literal.slice(0, slash);
}

/**
 * A regular expression for whole paths that a pattern matches: `*` and `?` stay inside one segment,
 * `**` as a segment spans any number of them, `[..]` is one character of a set (`[!..]` negated),
 * `{a,b}` one of several patterns. As in a shell, `*` does not match a leading dot.
 */
export function globToRegExp(pattern: string): RegExp {
  let source = "";
  let braces = 0;
  let index = 0;
  const atSegmentStart = (): boolean => index === 0 || pattern[index - 1] === "/";
  while (index < pattern.length) {
    const char = pattern.charAt(index);
    if (pattern.startsWith("**/", index) && atSegmentStart()) {
      source += "(?:(?!\\.)[^/]+/)*";
      index += 3;
      continue;
    }
    if (pattern.slice(index) === "**" && atSegmentStart()) {
      source += "(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+";
      index += 2;
      continue;
    }
    if (char === "*") source += atSegmentStart() ? "(?!\\.)[^/]*" : "[^/]*";
    else if (char === "?") source += atSegmentStart() ? "[^/.]" : "[^/]";
    else if (char === "[" && pattern.indexOf("]", index + 2) > 0) {
      const end = pattern.indexOf("]", index + 2);
      const set = pattern.slice(index + 1, end).replace(/[\\\]^]/g, "\\$&");
      source += set.startsWith("!") ? `[^/${set.slice(1)}]` : `(?!/)[${set}]`;
      index = end;
    } else if (char === "{" && pattern.indexOf("}", index) > 0) {
      source += "(?:";
      braces++;
    } else if (char === "}" && braces > 0) {
      source += ")";
      braces--;
    } else if (char === "," && braces > 0) source += "|";
    else source += char.replace(/[.+^$()|\\/[\]{}*?]/, "\\$&");
    index++;
  }
  return new RegExp(`^${source}$`, "su");
}
