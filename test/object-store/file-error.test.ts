import { describe, expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { fileError, isAbsence, linkError } from "../../object-store/file-error.js";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/x'`), { code, syscall: "open" });
}

describe("a failed system call", () => {
  test.each([
    ["ENOENT", "not-found", "object-not-found"],
    ["EACCES", "unavailable", "permission-denied"],
    ["EPERM", "unavailable", "permission-denied"],
    ["EROFS", "unavailable", "read-only"],
    ["ENOSPC", "unavailable", "disk-full"],
    ["EDQUOT", "unavailable", "disk-full"],
    ["EMFILE", "unavailable", "too-many-open-files"],
    ["EEXIST", "already-exists", "path-taken"],
    ["ENOTDIR", "already-exists", "path-taken"],
    ["ENAMETOOLONG", "invalid-input", "file-name"],
    ["EIO", "unavailable", "file-io"],
    ["ESTALE", "unavailable", "file-io"],
  ])("%s is %s, %s", (errno, kind, code) => {
    const cause = systemError(errno);
    const error = fileError(cause, "read", "/x");
    expect(error).toMatchObject({ kind, code, context: { errno, file: "/x" } });
    expect(error.cause).toBe(cause);
    expect(error.message).toMatch(/^cannot read \/x: .+/);
    expect(error.message).toContain(errno);
  });

  test("an error that is ours stays itself; any other is internal", () => {
    const ours = new LakeError("cancelled", "cancelled", "stop");
    expect(fileError(ours, "read", "/x")).toBe(ours);
    const bug = new TypeError("oops");
    expect(fileError(bug, "read", "/x")).toMatchObject({ kind: "internal", cause: bug });
  });

  test("only these mean that there is nothing", () => {
    const absent = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EIO", "ELOOP"].filter((errno) =>
      isAbsence(systemError(errno)),
    );
    expect(absent).toEqual(["ENOENT", "ENOTDIR", "EISDIR"]);
    expect(isAbsence(new Error("ENOENT"))).toBe(false);
  });
});

test.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])(
  "link failing with %s names the file system",
  (errno) => {
    const cause = systemError(errno);
    expect(linkError(cause, "/x")).toMatchObject({ kind: "unsupported", code: "hard-links", cause });
  },
);

test("link failing otherwise is like any write", () => {
  expect(linkError(systemError("ENOSPC"), "/x")).toMatchObject({ kind: "unavailable", code: "disk-full" });
  expect(linkError(systemError("EEXIST"), "/x")).toMatchObject({
    kind: "already-exists",
    code: "path-taken",
  });
});
