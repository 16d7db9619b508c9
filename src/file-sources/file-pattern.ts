/** The name that the columns of a file go by where it has no alias: its own, up to the first dot. Pure. */
export function fileAlias(name: string): string {
  if (/[*?[]/.test(name)) return name;
  const own = name.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
  return own.split(".", 1)[0] || name;
}
