import { createHash } from "node:crypto";
import { readFile, readlink, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { newUuid } from "../../core/index.js";
import { errnoOf } from "../file-error.js";
import { namesIn } from "./names-in.js";

const FOLDERS = "processes";
/** How long the folder of a process that cannot be asked after is left alone. */
const STRANGER_MS = 24 * 60 * 60 * 1000;

/** What a folder's name says of the process it belongs to. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, as the system counts; `0` where the system does not tell. Tells a process from a later one of its number. */
  readonly start: string;
  /** Within which the number is unique: a host since it was started, or a container on it. */
  readonly machine: string;
}

/** A new name of a folder for this process, below the tier's. It is not made yet. */
export async function newProcessFolder(): Promise<string> {
  const { pid, start, machine } = await thisProcess();
  return join(FOLDERS, `${pid}-${start}-${machine}-${newUuid().slice(0, 8)}`);
}

/**
 * Removes the folders of processes that are gone, with the copies they had not finished and those they had leased.
 *
 * @param now milliseconds since the epoch
 */
export async function sweepProcessFolders(directory: string, now: number): Promise<void> {
  const own = await thisProcess();
  for (const name of await namesIn(join(directory, FOLDERS))) {
    const identity = identityOf(name);
    const folder = join(directory, FOLDERS, name);
    if (identity === undefined || (await isInUse(folder, identity, own.machine, now))) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

async function isInUse(
  folder: string,
  { pid, start, machine }: ProcessIdentity,
  here: string,
  now: number,
): Promise<boolean> {
  if (machine !== here) return now - (await lastChange(folder, now)) < STRANGER_MS;
  if (!isAlive(pid)) return false;
  const running = await startOf(pid);
  return start === "0" || running === "0" || running === start;
}

/** Pure: `undefined` for a name that no process gave. */
export function identityOf(name: string): ProcessIdentity | undefined {
  const [, pid, start, machine] = /^(\d{1,10})-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}$/.exec(name) ?? [];
  if (pid === undefined || start === undefined || machine === undefined) return undefined;
  return { pid: Number(pid), start, machine };
}

async function thisProcess(): Promise<ProcessIdentity> {
  return { pid: process.pid, start: await startOf(process.pid), machine: await thisMachine() };
}

async function thisMachine(): Promise<string> {
  const boot = await readIfThere("/proc/sys/kernel/random/boot_id");
  const numbers = await readlink("/proc/self/ns/pid").catch(() => "");
  return createHash("sha256").update(`${hostname()}\n${boot}\n${numbers}`).digest("hex").slice(0, 8);
}

/** Clock ticks from the start of the machine to that of the process: field 22 of `/proc/<pid>/stat` (proc(5)). */
async function startOf(pid: number): Promise<string> {
  const text = await readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return /^\d+$/.test(fields[19] ?? "") ? (fields[19] ?? "0") : "0";
}

/** Systems without `/proc` have no such files: nothing is known then, which is what the empty text says. */
async function readIfThere(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

async function lastChange(folder: string, now: number): Promise<number> {
  try {
    return (await stat(folder)).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return now;
    throw error;
  }
}
