import { type ErrorKind, isLakeError, LakeError, messageOf } from "../core/index.js";

interface ErrnoRule {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly text: string;
  readonly hint?: string;
}

const NOT_FOUND: ErrnoRule = { kind: "not-found", code: "object-not-found", text: "there is no such file" };
const DENIED: ErrnoRule = {
  kind: "unavailable",
  code: "permission-denied",
  text: "permission denied",
  hint: "Give this user the right to the file and to the folder it lies in.",
};
const DISK_FULL: ErrnoRule = {
  kind: "unavailable",
  code: "disk-full",
  text: "no space is left",
  hint: "Free some space and run it again.",
};
const TOO_MANY_FILES: ErrnoRule = {
  kind: "unavailable",
  code: "too-many-open-files",
  text: "too many files are open",
  hint: "Raise the limit of open files (ulimit -n).",
};
const TAKEN: ErrnoRule = {
  kind: "already-exists",
  code: "path-taken",
  text: "a file has the name of a folder here, or a folder that of a file",
  hint: "A local file system cannot hold both `a` and `a/b`. Move one of them away.",
};
const BAD_NAME: ErrnoRule = {
  kind: "invalid-input",
  code: "file-name",
  text: "the file system does not take such a path",
};

/** What a failed system call means to the caller; every errno not named is `unavailable`. */
const RULES: ReadonlyMap<string, ErrnoRule> = new Map([
  ["ENOENT", NOT_FOUND],
  ["EACCES", DENIED],
  ["EPERM", DENIED],
  ["EROFS", { ...DENIED, code: "read-only", text: "the file system is mounted read-only" }],
  ["ENOSPC", DISK_FULL],
  ["EDQUOT", DISK_FULL],
  ["EMFILE", TOO_MANY_FILES],
  ["ENFILE", TOO_MANY_FILES],
  ["EEXIST", TAKEN],
  ["ENOTDIR", TAKEN],
  ["EISDIR", TAKEN],
  ["ENAMETOOLONG", BAD_NAME],
  ["EILSEQ", BAD_NAME],
  ["EINVAL", BAD_NAME],
  ["ELOOP", { ...BAD_NAME, text: "its symbolic links run in a circle" }],
]);

/** The errors of `link` on a file system that has no hard links (FAT, some network and FUSE mounts). */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** The errno of a failed system call (`ENOENT`), `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && "syscall" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** Whether reading failed because there is no such object. A folder is no object. */
export function isAbsence(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR" || errno === "EISDIR";
}

/** The error for a failed file operation: `cannot <doing> <file>: <why>`. A LakeError stays itself. */
export function fileError(error: unknown, doing: string, file: string): LakeError {
  if (isLakeError(error)) return error;
  const errno = errnoOf(error);
  if (errno === undefined) {
    return new LakeError("internal", "file", `cannot ${doing} ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const rule = RULES.get(errno) ?? { kind: "unavailable", code: "file-io", text: messageOf(error) };
  return new LakeError(rule.kind, rule.code, `cannot ${doing} ${file}: ${rule.text} (${errno})`, {
    context: { file, errno },
    cause: error,
    ...(rule.hint === undefined ? {} : { hint: rule.hint }),
  });
}

/** The error for a failed `link`: `unsupported` when the file system has no hard links. */
export function linkError(error: unknown, file: string): LakeError {
  const errno = errnoOf(error);
  if (errno === undefined || !NO_HARD_LINKS.has(errno)) return fileError(error, "write", file);
  return new LakeError(
    "unsupported",
    "hard-links",
    `cannot commit ${file}: its file system has no hard links (${errno})`,
    {
      context: { file, errno },
      hint: "Keep the lake on a file system with hard links (ext4, xfs, btrfs, APFS, NTFS and the like).",
      cause: error,
    },
  );
}
