import type { Feature } from "./feature.js";
import { DIRECTIONS, type Direction } from "./feature.js";
import type { Outcome } from "./outcome.js";

/**
 * The page docs/interop.md.
 *
 * @param versions of `spark`, `delta-spark` and `deltalake`
 * @throws Error when a cell has no outcome: a run of some of the tests makes no page.
 */
export function documentOf(
  groups: readonly (readonly [string, readonly Feature[]])[],
  outcomes: ReadonlyMap<string, ReadonlyMap<Direction, Outcome>>,
  versions: Readonly<Record<string, string>>,
): string {
  const notes = new Notes();
  const tables = groups.map(([title, features]) => {
    const rows = features.map((feature) => {
      const cells = DIRECTIONS.map((direction) => {
        const outcome = outcomes.get(feature.name)?.get(direction);
        if (outcome === undefined) throw new Error(`${feature.name}: ${direction}: not run`);
        return notes.cell(outcome);
      });
      return `| ${[feature.name, ...cells].join(" | ")} |`;
    });
    return `## ${title}\n\n${HEAD}\n${rows.join("\n")}`;
  });
  const besides = groups
    .flatMap(([, features]) => features)
    .flatMap((feature) =>
      feature.besides === undefined ? [] : [`- **${feature.name}**: ${feature.besides}.`],
    );
  return [
    "# Interoperability",
    introduction(versions),
    ...tables,
    `## What else is compared\n\n${COMPARED}\n\n${besides.join("\n")}`,
    `## Notes\n\n${notes.text()}`,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

const HEAD = `| | ${DIRECTIONS.join(" | ")} |\n|${"---|".repeat(DIRECTIONS.length + 1)}`;

const COMPARED = `Every cell compares all rows with the other side's and with a model, the schema, the history, and,
where the log still has it, an older version. A table that the other side wrote to is checked by \`grizzly fsck\`
with its data. Besides:`;

function introduction(versions: Readonly<Record<string, string>>): string {
  const of = (name: string): string => versions[name] ?? "unknown";
  return `Spark ${of("spark")} with delta-spark ${of("delta-spark")}, and delta-rs ${of("deltalake")}, against this release. \`npm run
test:interop\` makes the tables, fills this page and fails when it differs from the file; \`GRIZZLY_WRITE_DOCS=1\` writes it.
A row is a feature, a column says who writes and who reads. **yes**: everything was equal, and each side refused what the
table forbids. **refused**: the note quotes who refused; no program gave a wrong answer. **–**: there is no such case, and
the note says why. "Goes on" is INSERT, UPDATE, DELETE and MERGE for Spark, and append, delete and ALTER TABLE for us.`;
}

/** Footnotes in the order of their first use; the same text is one note. */
class Notes {
  readonly #texts: string[] = [];

  cell(outcome: Outcome): string {
    switch (outcome.kind) {
      case "yes":
        return "yes";
      case "not-applicable":
        return `– [${this.#number(`${outcome.why}.`)}](#notes)`;
      case "refused": {
        const code = outcome.code === undefined ? "" : `, \`${outcome.code}\``;
        const text = `${outcome.by}${code}: “${outcome.quote.replaceAll("|", "\\|")}”`;
        return `refused [${this.#number(text)}](#notes)`;
      }
    }
  }

  text(): string {
    return this.#texts.map((text, at) => `${at + 1}. ${text}`).join("\n");
  }

  #number(text: string): number {
    const at = this.#texts.indexOf(text);
    return at === -1 ? this.#texts.push(text) : at + 1;
  }
}
