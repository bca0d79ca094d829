/*
 * Goal: one exchange at a time with the acquirer, under keys that both sides know, and nothing new before what is pending has gone out.
 * Method: whoever speaks holds the line. Taking it signs in where nobody is signed in; a reply by which the keys are worth nothing any more signs
 * out, so that the next one begins anew. Whoever waits is answered within its own time; a message that has left meanwhile goes on for itself, and
 * the line stays taken until its reply came or its time is over. Spec: UnionPay terminal, sign-in.
 */
import { assert } from "../../base/assert.ts";
import { withDeadline } from "../../base/deadline.ts";
import { isFault } from "../../base/fault.ts";
import { neverAborted } from "../../base/never.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { Turns } from "../../base/turns.ts";
import { parseField60 } from "../../codec/iso8583/private-fields.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { Business } from "../acquirer-host/messages.ts";
import type { Asked, ReplyVerdict } from "../acquirer-host/replies.ts";
import { buildRequest } from "../acquirer-host/request.ts";
import { bodyOf, judgeReply, type Seal } from "../acquirer-host/seal.ts";
import { parseWorkingKeys } from "../acquirer-host/working-keys.ts";
import type { AcquirerHost } from "../hosts.ts";
import type { BankKeys } from "./bank-keys.ts";
import type { Stans } from "./batch-book.ts";
import type { BankLine, BankReply, BatchBook, HeldLine, LineRefusal, LineWish, Stan } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";
import type { ReversingLine } from "./reversals.ts";

/** Most that wait behind the one who has the line: more than there are counters at a terminal. */
const WAITING_MAX = 8;
const MESSAGE_CODE_FIELD = 60;
const WORKING_KEYS_FIELD = 62;

export interface LinePorts {
  readonly clock: Clock;
  readonly host: AcquirerHost;
  readonly keys: BankKeys;
  readonly profile: AcquirerProfile;
  readonly book: BatchBook;
  readonly stans: Stans;
  readonly padTimeoutMs: number;
  /** Sends what is pending; a reason where it must be sent first and cannot be. Faults: those of the journal. */
  readonly clear: (line: OwnLine, limits: Limits) => Promise<string | undefined>;
}

/** A line that is held until it is given back. */
export interface OwnLine extends ReversingLine {
  release(): void;
}

export class AcquirerLine implements BankLine {
  readonly #ports: LinePorts;
  readonly #turns: Turns;
  #signedIn = false;

  constructor(ports: LinePorts) {
    this.#ports = ports;
    this.#turns = new Turns(ports.clock, { atOnce: 1, waiting: WAITING_MAX });
  }

  get batch(): string {
    return this.#ports.book.batch;
  }

  get signedIn(): boolean {
    return this.#signedIn;
  }

  async hold<Value>(wish: LineWish, work: (line: HeldLine) => Promise<Value>, limits: Limits): Promise<Value | LineRefusal> {
    const line = await this.take(wish, limits);
    if ("kind" in line) return line;
    try {
      return await work(line);
    } finally {
      line.release();
    }
  }

  /** The line as it is wished for, or why it cannot be had now. Never rejects for what the world does. */
  async take(wish: LineWish, limits: Limits): Promise<OwnLine | LineRefusal> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const turn = await this.#turns.take(limits);
    if (turn.kind === "none") return { kind: "refused", reason: turn.reason === "cancelled" ? "cancelled" : "line-busy" };
    const line = new TakenLine(this, this.#ports, turn.giveBack);
    if (wish === "raw") return line;
    const left = { timeoutMs: deadlineMs - clock.monotonicMs(), signal: limits.signal };
    const reason = await this.#within(line, left, () => this.#fulfil(wish, line, left));
    return reason === undefined ? line : { kind: "refused", reason };
  }

  /** Takes the line as it is for work that ends for itself: why it was not done, undefined where it was. Never rejects for what the world does. */
  async alone(work: (line: OwnLine) => Promise<string | undefined>, limits: Limits): Promise<string | undefined> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const line = await this.take("raw", limits);
    if ("kind" in line) return line.reason;
    const left = { timeoutMs: deadlineMs - clock.monotonicMs(), signal: limits.signal };
    const reason = await this.#within(line, left, () => work(line));
    if (reason === undefined) line.release();
    return reason;
  }

  /**
   * Why the work was not done; the line has gone back then, or goes back when the work ends. Whoever waits goes at the end of its time: what has
   * left can be waited for by nobody else, and must not be sent a second time meanwhile.
   */
  async #within(line: OwnLine, limits: Limits, work: () => Promise<string | undefined>): Promise<string | undefined> {
    const done = reasonOf(work);
    try {
      const reason = await withDeadline(done, { ...limits, clock: this.#ports.clock, what: "the line to the acquirer", effectUnknown: false });
      if (reason !== undefined) line.release();
      return reason;
    } catch (fault) {
      if (!isFault(fault)) {
        line.release();
        throw fault;
      }
      void done.finally(() => line.release());
      return fault.code === "cancelled" ? "cancelled" : "line-busy";
    }
  }

  async #fulfil(wish: Exclude<LineWish, "raw">, line: OwnLine, limits: Limits): Promise<string | undefined> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.timeoutMs;
    const refused = this.#signedIn ? undefined : await this.signInOn(line);
    if (refused !== undefined || wish === "signed-in") return refused;
    // A sign-in may have taken all the time there was.
    const pending = await this.#ports.clear(line, { timeoutMs: deadlineMs - clock.monotonicMs(), signal: limits.signal });
    if (pending !== undefined) return pending;
    // What was sent may have shown that the keys are old.
    return this.#signedIn ? undefined : this.signInOn(line);
  }

  /** Fetches working keys and loads them into the pad; undefined where that was done, else why not. Faults: those of the journal. */
  async signInOn(line: HeldLine): Promise<string | undefined> {
    const { profile, keys } = this.#ports;
    this.#signedIn = false;
    const request = buildRequest(profile, "sign-in", { trace: await line.claimStan(), batch: line.batch });
    const reply = await line.exchange(request, { timeoutMs: profile.replyTimeoutMs, signal: neverAborted() }, { business: "sign-in" });
    if (reply.kind !== "approved") return reply.reason;
    await this.#adoptBatch(reply.message);
    const field = reply.message.fields.get(WORKING_KEYS_FIELD);
    const parsed = field instanceof Uint8Array ? parseWorkingKeys(profile, field) : undefined;
    if (parsed?.ok !== true) return parsed === undefined ? "keys-missing" : `keys-${parsed.reason}`;
    try {
      const loaded = await keys.load(parsed.keys, this.#padLimits());
      if (loaded.kind === "refused") return `key-check-failed-${loaded.which}`;
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      return fault.code;
    }
    this.#signedIn = true;
    return undefined;
  }

  /** A batch that holds something is settled under its own number first, whatever the acquirer thinks is open. */
  async #adoptBatch({ fields }: IsoMessage): Promise<void> {
    const { book } = this.#ports;
    const field = fields.get(MESSAGE_CODE_FIELD);
    const batch = typeof field === "string" ? parseField60(field)?.batch : undefined;
    if (batch !== undefined && Number(batch) > 0 && book.count === 0) await book.adopt(batch);
  }

  /** The acquirer knows these keys no more, or is told so now. */
  signOut(): void {
    this.#signedIn = false;
  }

  /** One exchange. Never rejects for what the world does. */
  async exchange(asked: Asked, limits: Limits): Promise<BankReply> {
    const { host, profile, keys } = this.#ports;
    const seal: Seal = { profile, keys };
    const body = await this.#guarded(() => bodyOf(seal, asked, this.#padLimits()));
    if (typeof body === "string") return { kind: "not-sent", reason: body };
    const reply = await host.exchange(body, limits);
    if (reply.kind === "not-sent") return { kind: "not-sent", reason: reply.reason };
    if (reply.kind === "unknown") return { kind: "unknown", cause: "98", reason: reply.reason };
    const judged = await this.#guarded(() => judgeReply(seal, asked, reply.body, this.#padLimits()));
    // Nobody could check it: it is no answer.
    if (typeof judged === "string") return { kind: "unknown", cause: "06", reason: judged };
    return this.#told(judged.verdict, judged.message);
  }

  #told(verdict: ReplyVerdict, message: IsoMessage | undefined): BankReply {
    if (verdict.kind === "unknown") {
      // Perhaps the keys are not the acquirer's any more; a sign-in that was not needed costs one message.
      if (verdict.signIn === true) this.signOut();
      return { kind: "unknown", cause: verdict.cause, reason: verdict.reason };
    }
    assert(message !== undefined, "a verdict on a message has one");
    const { responseCode } = verdict;
    switch (verdict.kind) {
      case "approved":
        return { kind: "approved", responseCode, message, ...(verdict.amount === undefined ? {} : { amount: verdict.amount }) };
      case "partial":
        return { kind: "approved", responseCode, message, amount: verdict.amount, partial: true };
      case "declined":
        if (!verdict.signIn) return { kind: "declined", responseCode, message, reason: verdict.reason };
        this.signOut();
        return { kind: "declined", responseCode, message, reason: verdict.reason, signIn: true };
    }
  }

  /** What the pad gives, or the code of its fault. A pad without its keys needs a sign-in. */
  async #guarded<Value>(work: () => Promise<Value>): Promise<Value | string> {
    try {
      return await work();
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (fault.code === "key-missing") this.signOut();
      return fault.code;
    }
  }

  #padLimits(): Limits {
    return { timeoutMs: this.#ports.padTimeoutMs, signal: neverAborted() };
  }
}

/** What the work says, or the code of its fault. */
async function reasonOf(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (!isFault(fault)) throw fault;
    return fault.code;
  }
}

class TakenLine implements OwnLine {
  readonly #line: AcquirerLine;
  readonly #ports: LinePorts;
  readonly #giveBack: () => void;
  #held = true;

  constructor(line: AcquirerLine, ports: LinePorts, giveBack: () => void) {
    this.#line = line;
    this.#ports = ports;
    this.#giveBack = giveBack;
  }

  get batch(): string {
    return this.#ports.book.batch;
  }

  nextStan(): Stan {
    return this.#ports.stans.next();
  }

  claimStan(): Promise<string> {
    return this.#ports.stans.claim();
  }

  exchange(message: IsoMessage, limits: Limits, options: { readonly business?: Business; readonly sentBefore?: boolean } = {}): Promise<BankReply> {
    assert(this.#held, "whoever speaks holds the line");
    const { business = "sale", sentBefore } = options;
    return this.#line.exchange({ business, request: message, ...(sentBefore === undefined ? {} : { sentBefore }) }, limits);
  }

  async ensureSignedIn(): Promise<boolean> {
    return this.#line.signedIn || (await this.#line.signInOn(this)) === undefined;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#giveBack();
  }
}
