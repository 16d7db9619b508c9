import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { S3Credentials } from "../../../object-store/index.js";
import { BodyLost, payloadOf, readBody } from "./body.js";
import type { Fault } from "./fault.js";
import type { Faults } from "./faults.js";
import { Pace } from "./pacing.js";
import { S3Refusal } from "./refusal.js";
import type { Reply } from "./reply.js";
import { parseRequest, type S3Request } from "./request.js";
import { type Cut, send } from "./sending.js";
import { type S3Service, subjectOf } from "./service.js";
import { checkSignature } from "./signature.js";
import type { TrafficCounts } from "./traffic.js";
import { errorDocument } from "./xml.js";

export interface ExchangeContext {
  readonly service: S3Service;
  readonly faults: Faults;
  readonly counts: TrafficCounts;
  readonly credentials: S3Credentials;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Fires when the server closes. */
  readonly closing: AbortSignal;
}

const SHOWN_HEADERS = /^(?:x-amz-.*|if-.*|range)$/;
const SECRET_HEADERS = new Set(["x-amz-security-token"]);

/** One request and its answer: what was counted of it, and what goes wrong with it. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #request: S3Request;
  readonly #number: number;
  readonly #id = randomBytes(8).toString("hex").toUpperCase();
  /** Fires when the connection is over. */
  readonly #gone = new AbortController();
  #fault: Fault | undefined;
  #status = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #isLogged = false;

  constructor(context: ExchangeContext, message: IncomingMessage, response: ServerResponse) {
    this.#context = context;
    this.#message = message;
    this.#response = response;
    // A message that is over has none.
    this.#socket = message.socket;
    this.#request = parseRequest(message);
    this.#number = context.faults.arrive();
    response.on("close", () => this.#gone.abort());
    response.on("error", () => this.#gone.abort());
  }

  /** Settles when the request is over, however it ends. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      // A connection that is over, and a server that closes, end what waits for them.
      const isOver = this.#gone.signal.aborted || this.#context.closing.aborted;
      if (!isOver && !(error instanceof BodyLost)) throw error;
    } finally {
      this.#log();
    }
  }

  async #run(): Promise<void> {
    const { faults, closing } = this.#context;
    const request = this.#request;
    const refusal = this.#arrive();
    if (this.#fault?.kind === "reset-on-arrival") return this.#reset();
    const body = await this.#readBody();
    if (this.#fault?.kind === "reset-in-request") return this.#reset();

    const { latencyBefore } = faults.switches;
    const latency = faults.latency(request);
    // Whoever has sent all of a request may leave; it is applied all the same.
    const pause = (ms: number): Promise<void> | undefined =>
      ms === 0 ? undefined : wait(ms, undefined, { signal: closing });
    if (latencyBefore === "apply") await pause(latency);
    const reply = refusal === undefined ? this.#perform(body) : this.#refused(refusal);
    if (latencyBefore === "answer") await pause(latency);
    if (this.#fault?.kind === "answer-late") await pause(this.#fault.ms);
    if (reply === "no answer") return this.#reset();
    await this.#send(reply);
  }

  /** What is wrong with a request whose headers have come. */
  #arrive(): S3Refusal | undefined {
    const { faults, credentials, region, clock } = this.#context;
    const request = this.#request;
    try {
      checkSignature(request, credentials, region, clock());
      faults.check(request);
      this.#fault = faults.planned(this.#number, request);
      return undefined;
    } catch (error) {
      if (error instanceof S3Refusal) return error;
      throw error;
    }
  }

  async #readBody(): Promise<Buffer> {
    const length = Number(this.#message.headers["content-length"] ?? 0);
    const most = this.#fault?.kind === "reset-in-request" ? Math.floor(length / 2) : undefined;
    const body = await readBody(this.#message, this.#pace(), most);
    this.#bytesIn = body.length;
    return body;
  }

  #perform(body: Buffer): Reply | "no answer" {
    const fault = this.#fault;
    const apply = (): Reply => this.#apply(body);
    switch (fault?.kind) {
      case "error":
        if (fault.applied === true) apply();
        return this.#refused(new S3Refusal(fault.code));
      case "error-in-success": {
        const { code, message } = new S3Refusal(fault.code);
        return { status: 200, headers: {}, body: this.#errorDocument(code, message) };
      }
      case "delayed":
        this.#context.faults.delay(fault.requests, apply);
        return "no answer";
      case "answer-lost":
        apply();
        return "no answer";
      case "repeated":
        apply();
        return apply();
      default:
        return apply();
    }
  }

  /** Done, or refused: errors of S3 are answers. */
  #apply(body: Buffer): Reply {
    const { service, faults } = this.#context;
    const { "if-none-match": _, ...headers } = this.#request.headers;
    const request = faults.switches.ignoresIfNoneMatch ? { ...this.#request, headers } : this.#request;
    try {
      return service.apply(request, payloadOf(request, body));
    } catch (error) {
      if (error instanceof S3Refusal) return this.#refused(error);
      // A fault of this server, or of its folder, is told to whoever runs the test.
      const message = error instanceof Error ? `${error.message}` : String(error);
      return { status: 500, headers: {}, body: this.#errorDocument("InternalError", message) };
    }
  }

  #refused({ status, code, message, headers }: S3Refusal): Reply {
    const body = this.#request.method === "HEAD" ? undefined : this.#errorDocument(code, message);
    return { status, headers, body };
  }

  #errorDocument(code: string, message: string): string {
    return errorDocument(code, message, this.#request.rawPath, this.#id);
  }

  async #send(reply: Reply): Promise<void> {
    this.#status = reply.status;
    const date = new Date(this.#context.clock()).toUTCString();
    const headers = { ...reply.headers, "x-amz-request-id": this.#id, server: "s3-endpoint", date };
    await send({ ...reply, headers }, this.#request.method === "HEAD", {
      response: this.#response,
      pace: this.#pace(),
      cut: cutOf(this.#fault),
      signal: this.#gone.signal,
      onPiece: (bytes, isLast) => {
        this.#bytesOut += bytes;
        if (isLast) this.#log();
      },
    });
  }

  #pace(): Pace | undefined {
    const { bytesPerSecond } = this.#context.faults.switches;
    return bytesPerSecond === undefined ? undefined : new Pace(bytesPerSecond, this.#gone.signal);
  }

  #reset(): void {
    this.#log();
    this.#socket.resetAndDestroy();
  }

  #log(): void {
    if (this.#isLogged) return;
    this.#isLogged = true;
    const { operation, bucket, headers } = this.#request;
    const shown = Object.entries(headers).flatMap(([name, value]) =>
      SHOWN_HEADERS.test(name) && !SECRET_HEADERS.has(name) ? [[name, String(value)] as const] : [],
    );
    this.#context.counts.add({
      number: this.#number,
      operation,
      bucket,
      key: subjectOf(this.#request),
      range: headers.range,
      status: this.#status,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      headers: Object.fromEntries(shown),
      fault: this.#fault?.kind,
    });
  }
}

function cutOf(fault: Fault | undefined): Cut | undefined {
  switch (fault?.kind) {
    case "reset-after-headers":
      return { behind: "headers", by: "reset" };
    case "reset-in-answer":
      return { behind: "half", by: "reset" };
    case "truncated":
      return { behind: "half", by: "end" };
    default:
      return undefined;
  }
}
