import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import type { Pace } from "./pacing.js";
import { lengthOf, type ObjectBody, type Reply } from "./reply.js";

/** A piece of an unpaced body, in bytes. */
const PIECE = 1 << 20;

/** How an answer ends too early: behind the headers or half of the body, with a reset or as if it were whole. */
export interface Cut {
  readonly behind: "headers" | "half";
  readonly by: "reset" | "end";
}

export interface Sending {
  readonly response: ServerResponse;
  readonly pace: Pace | undefined;
  readonly cut: Cut | undefined;
  /** Fires when nobody reads the answer any more. */
  readonly signal: AbortSignal;
  /** Called before each piece of the body is sent, with its bytes, and whether it is the last one. */
  readonly onPiece: (bytes: number, isLast: boolean) => void;
}

/**
 * Sends an answer. An answer without a body is whole behind its headers, so a cut comes after all of it.
 *
 * @throws the signal's reason
 */
export async function send(reply: Reply, isHead: boolean, sending: Sending): Promise<void> {
  const { response, cut } = sending;
  const hasLength = reply.status !== 204 && reply.status !== 304;
  response.writeHead(reply.status, {
    ...(typeof reply.body === "string" ? { "content-type": "application/xml" } : {}),
    ...reply.headers,
    ...(hasLength ? { "content-length": lengthOf(reply) } : {}),
  });
  const length = isHead ? 0 : lengthOf(reply);
  const sent = cut === undefined ? length : cut.behind === "half" ? Math.floor(length / 2) : 0;
  if (cut !== undefined) response.flushHeaders();
  if (sent === 0) sending.onPiece(0, true);
  else if (typeof reply.body === "string") await sendText(reply.body, sent, sending);
  else if (reply.body !== undefined) await sendObject(reply.body, sent, sending);
  if (cut === undefined) {
    response.end();
    return;
  }
  // What was written goes out before the connection breaks.
  await turn();
  if (cut.by === "reset") response.socket?.resetAndDestroy();
  else response.socket?.end();
}

async function sendText(text: string, length: number, sending: Sending): Promise<void> {
  const bytes = Buffer.from(text);
  await sendPieces(length, sending, (offset, size) => bytes.subarray(offset, offset + size));
}

async function sendObject(body: ObjectBody, length: number, sending: Sending): Promise<void> {
  const reader = body.object.open();
  try {
    await sendPieces(length, sending, (offset, size) => reader.read(body.offset + offset, size));
  } finally {
    reader.close();
  }
}

async function sendPieces(
  length: number,
  { response, pace, signal, onPiece }: Sending,
  read: (offset: number, size: number) => Buffer,
): Promise<void> {
  let sent = 0;
  while (sent < length) {
    const end = Math.min(length, pace === undefined ? sent + PIECE : pace.end(sent));
    if (pace !== undefined) await pace.until(end);
    const piece = read(sent, end - sent);
    sent = end;
    onPiece(piece.length, sent === length);
    if (!response.write(piece) && sent < length) await once(response, "drain", { signal });
    signal.throwIfAborted();
  }
}
