import { expect, test } from "vitest";
import { cancelledError, LakeError } from "../../core/index.js";
import { interruption } from "../../src/cli/interruption.js";

const fired = AbortSignal.abort();
const quiet = new AbortController().signal;

test("a command that stopped itself says what it left behind", () => {
  const own = interruption(cancelledError(fired), fired, "nothing was committed");
  expect(own).toMatchObject({ kind: "cancelled", message: "interrupted; nothing was committed" });
  // Once said, it stays.
  expect(interruption(own, fired)).toBe(own);
});

test("a stream that broke because of the signal is an interruption of unknown outcome", () => {
  expect(interruption(new Error("aborted"), fired, "nothing was committed")).toMatchObject({
    kind: "cancelled",
    message: "interrupted",
  });
});

test("every other error stays what it is", () => {
  const unknown = new LakeError("unavailable", "commit-outcome-unknown", "the outcome is unknown");
  expect(interruption(unknown, fired, "nothing was committed")).toBe(unknown);
  const bug = new TypeError("x");
  expect(interruption(bug, quiet)).toBe(bug);
});
