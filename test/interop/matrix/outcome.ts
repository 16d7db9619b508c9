import { isLakeError } from "../../../core/index.js";
import { SparkError } from "../spark/spark.js";
import type { Peer, Pinned } from "./feature.js";

/** What a cell came to. */
export type Outcome =
  | { readonly kind: "yes" }
  | { readonly kind: "not-applicable"; readonly why: string }
  | {
      readonly kind: "refused";
      readonly by: Peer;
      /** Spark's error condition or our code; `undefined` for delta-rs, which has none. */
      readonly code: string | undefined;
      /** The first line, without what differs from run to run. */
      readonly quote: string;
    };

/** A refusal of delta-rs. */
export class DeltaRsError extends Error {}

/** What `work` came to. An error that is nobody's refusal is thrown on: a wrong answer, or a fault of the test. */
export async function outcomeOf(work: () => Promise<void>, folder: string): Promise<Outcome> {
  try {
    await work();
    return { kind: "yes" };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return { kind: "refused", ...refusal, quote: quoted(refusal.quote, folder) };
  }
}

/** Who refused, and how; `undefined` for an error that is no refusal. */
export function refusalOf(
  error: unknown,
): { readonly by: Peer; readonly code: string | undefined; readonly quote: string } | undefined {
  if (error instanceof SparkError) {
    return { by: "Spark", code: error.condition ?? error.class, quote: error.message };
  }
  if (error instanceof DeltaRsError) return { by: "delta-rs", code: undefined, quote: error.message };
  if (isLakeError(error)) return { by: "Grizzly", code: error.code, quote: error.message };
  return undefined;
}

/** What an outcome must be equal to. */
export function matches(outcome: Outcome, pinned: Pinned | undefined): boolean {
  if (pinned === undefined) return outcome.kind === "yes";
  if ("notApplicable" in pinned) return outcome.kind === "not-applicable";
  if (outcome.kind !== "refused" || outcome.by !== pinned.refusedBy) return false;
  return outcome.code === undefined ? outcome.quote.includes(pinned.code) : outcome.code === pinned.code;
}

/** The first sentence or line of a message, with no path, number of a run or identifier in it. */
function quoted(message: string, folder: string): string {
  const [line = ""] = message.split("\n");
  const plain = line
    .replaceAll(new RegExp(`(?:file:(?://)?)?${escaped(folder)}[^\\s'"\`,;)]*`, "g"), "<table>")
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(
      /\[([A-Za-z]+(?:, [A-Za-z]+)+)\]/g,
      (_, list: string) => `[${list.split(", ").sort().join(", ")}]`,
    )
    .replaceAll(/ at line \d+, column \d+/g, "")
    .replace(/^\[[A-Z_.0-9]+\] /, "")
    .replace(/ SQLSTATE: \w+$/, "");
  return plain.length > 240 ? `${plain.slice(0, 240)} ...` : plain;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
