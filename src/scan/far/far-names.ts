import type { Session } from "../../../engine/index.js";

/** What a session reads in the place of what, by local path. */
const NAMES = new WeakMap<Session, Map<string, string>>();

/** Remembers that a local file stands for an object, for messages. */
export function nameFarFile(session: Session, localPath: string, uri: string): void {
  const names = NAMES.get(session) ?? new Map<string, string>();
  NAMES.set(session, names.set(localPath, uri));
}

/** The object that a local file of the session stands for; the file itself when it stands for none. */
export function farNameOf(session: Session, localPath: string): string {
  return NAMES.get(session)?.get(localPath) ?? localPath;
}
