import { expect, test } from "vitest";
// @ts-expect-error: a script, plain JavaScript without declarations
import { importsOf } from "../../scripts/imports.mjs";

const FOUND: readonly (readonly [string, string[]])[] = [
  ['import "a";', ["a"]],
  ['import a, { b as c } from "a";', ["a"]],
  ['import type { A } from "./a.js";', ["./a.js"]],
  ['import {\n  a, // "x"\n  b,\n} from\n  "a";', ["a"]],
  ["export * from \"a\"; export { b } from 'b';", ["a", "b"]],
  ['const a = await import("a"); type B = import("b").B;', ["a", "b"]],
  ['import a = require("a");', ["a"]],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: TypeScript text
  ['const a = `x ${`y ${await import("a")}`} z`; import "b";', ["a", "b"]],
  ["const a = import(`a`);", ["a"]],
  ['const a = /["`\\/]/.test(b) ? c / d : e; import "a";', ["a"]],
];

test.each(FOUND)("finds the imports of %j", (text, specifiers) => {
  expect(importsOf(text).map((found: { specifier: string }) => found.specifier)).toEqual(specifiers);
});

test.each([
  '// import "a";',
  '/* import "a"; */',
  "const a = 'import \"b\"';",
  'const a = `import "b"`;',
  'Array.from("a"); const b = { from: "c" };',
  "const a = /import ['\"]b/;",
])("finds none in %j", (text) => {
  expect(importsOf(text)).toEqual([]);
});

test("counts lines", () => {
  expect(importsOf('// one\n/* two\n three */\nimport "a";\nconst b = `\n`;\nimport "c";')).toEqual([
    { specifier: "a", line: 4 },
    { specifier: "c", line: 7 },
  ]);
});
