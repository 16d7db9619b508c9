import { readFile } from "node:fs/promises";
import { isJsonObject, parseJson } from "../../core/index.js";
import type { Action } from "../log/actions.js";
import type { EntriesAtHand } from "../log/entries-at-hand.js";
import type { CommitFile } from "../log/log-path.js";
import { stateActionsOf } from "./replay-state.js";

/** Bytes. Beyond it the engine is faster, the time included in which it is asked. */
const SMALL = 256 * 1024;

/**
 * The actions of a few commits that say something of the table as a whole, read without the engine: what follows on
 * from a snapshot at hand is one small file as a rule. `undefined` for commits that are not small, and for any that
 * cannot be read: the engine then tells what is wrong.
 *
 * @param files the commits as local files
 * @param atHand entries that need not be read
 */
export async function smallCommitActions(
  commits: readonly CommitFile[],
  files: readonly string[],
  atHand: EntriesAtHand | undefined,
): Promise<readonly Action[] | undefined> {
  if (commits.reduce((sum, { size }) => sum + size, 0) > SMALL) return undefined;
  try {
    const texts = await Promise.all(
      files.map(async (file, index) => {
        const commit = commits[index];
        const bytes = commit && atHand?.of(commit);
        return bytes === undefined ? readFile(file, "utf8") : new TextDecoder().decode(bytes);
      }),
    );
    // Of all the commitInfo there is, only that of the version itself belongs to its state.
    return texts.flatMap((text, index) => actionsOf(text, index === texts.length - 1));
  } catch {
    return undefined;
  }
}

function actionsOf(text: string, isLast: boolean): Action[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    const json = parseJson(line);
    if (!isJsonObject(json)) throw new Error("a line that is no action");
    return stateActionsOf(json).filter(({ kind }) => isLast || kind !== "commitInfo");
  });
}
