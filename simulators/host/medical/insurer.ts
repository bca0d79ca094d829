/*
 * Goal: an insurer that books, refuses, loses replies and books late, as the real ones are reported to do, with books of its own to compare with.
 * Method: a strict table of services; between the message and the service stands one planned fault, or none. A code that is not in
 * the table and a field that is not there are business refusals: nothing succeeds by default.
 */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { type Log, SILENT } from "../../../device/base/log.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import { HostFrame } from "../host-frame.ts";
import { issueECode } from "./credentials.ts";
import { buildReply, type FsiRequest, isReplyNode, parseFsiRequest, type ReplyForm, type ReplyNode } from "./envelope.ts";
import { bookForeign, voidAtHost } from "./insurer-acts.ts";
import { type InsurerFault, type InsurerFaults, noInsurerFaults, takeInsurerFault } from "./insurer-faults.ts";
import type { InsurerLedger, Settlement } from "./insurer-ledger.ts";
import { signInRefusal } from "./person-services.ts";
import { type CatalogueItem, type InsuredPerson, TEST_CATALOGUE, TEST_PERSONS } from "./persons.ts";
import { type InsurancePolicy, TEST_POLICIES } from "./policies.ts";
import { DEFAULT_VARIANTS, type Institution, type InsurerVariants, type ServiceAnswer, type ServiceContext, type ServiceHandler } from "./service.ts";
import { NEED_SIGN_NUMBER, SERVICES } from "./services.ts";
import type { SplitPolicy } from "./split.ts";

export interface InsurerOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly ledger: InsurerLedger;
  readonly persons?: readonly InsuredPerson[];
  readonly catalogue?: readonly CatalogueItem[];
  /** Name of the catalogue's state. */
  readonly catalogueVersion?: string;
  /** What each place pays; left out: the table of test policies. */
  readonly policies?: readonly InsurancePolicy[];
  /** One policy for everybody, in place of the table's figures. */
  readonly policy?: SplitPolicy;
  /** Left out: every institution is designated. */
  readonly institutions?: readonly Institution[];
  readonly variants?: Partial<InsurerVariants>;
  readonly faults?: InsurerFaults;
  /** Receiver's area in its message numbers. */
  readonly area?: string;
  /** How long every reply takes. */
  readonly latencyMs?: number;
  readonly log?: Log;
}

export interface Insurer {
  readonly ledger: InsurerLedger;
  /** May be changed at any time. */
  readonly faults: InsurerFaults;
  /** How often each outcome was given, for example "2102 done" or "2102 refused". */
  readonly counters: ReadonlyMap<string, number>;
  /** One message. Acts before the first await; undefined means that no reply will ever come. Has the shape of a head-end service. */
  readonly exchange: (body: Bytes) => Promise<Bytes | undefined>;
  /** Bookings that are still on their way. */
  readonly lateBookings: () => number;
  /** A new e-code of a person, or undefined where nobody has that number. */
  readonly issueECode: (personNumber: string) => string | undefined;
  /** Somebody voids a settlement in the insurer's own client; answers whether it stood. */
  readonly voidAtHost: (settlementId: string) => boolean;
  /** Somebody books for the institution and the holder of a known settlement, past every counter. */
  readonly bookForeign: (likeSettlementId: string, totalFen: bigint) => Settlement | undefined;
  /** All sign-in numbers that were drawn are known no more. */
  endSignIns(): void;
  /** Gives up waiting: nothing that is late will happen any more. */
  stop(): void;
}

const UNPARSABLE = utf8("<html><body>502 Bad Gateway</body></html>");
const REFUSED = -2;
const SYSTEM_ERROR = -1;
const OTHER_NEGATIVE = -5;
const OTHER_POSITIVE = 1;
const DEFAULT_AREA = "530100";
const OTHER_MSGID = "P00000000000202001010000000001";
const FOREIGN_FEN = 1_234n;

class SimulatedInsurer implements Insurer {
  readonly ledger: InsurerLedger;
  readonly faults: InsurerFaults;
  readonly #options: InsurerOptions;
  readonly #context: ServiceContext;
  readonly #frame: HostFrame;
  readonly #log: Log;

  constructor(options: InsurerOptions) {
    this.#options = options;
    this.#frame = new HostFrame(options);
    this.#log = options.log ?? SILENT;
    this.ledger = options.ledger;
    this.faults = options.faults ?? noInsurerFaults();
    const persons = options.persons ?? TEST_PERSONS;
    this.#context = {
      clock: options.clock,
      randomness: options.randomness,
      ledger: options.ledger,
      persons,
      catalogue: options.catalogue ?? TEST_CATALOGUE,
      catalogueVersion: options.catalogueVersion ?? "20260101",
      catalogueArea: options.area ?? DEFAULT_AREA,
      policies: options.policies ?? TEST_POLICIES,
      policy: options.policy,
      institutions: options.institutions,
      variants: { ...DEFAULT_VARIANTS, ...options.variants },
      faults: this.faults,
    };
    for (const person of persons) this.ledger.openAccount(person.personNumber, person);
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#frame.counters;
  }

  lateBookings = (): number => this.#frame.late;

  issueECode = (personNumber: string): string | undefined => issueECode(this.#context, personNumber);

  voidAtHost = (settlementId: string): boolean => voidAtHost(this.#context, settlementId);

  bookForeign = (likeSettlementId: string, totalFen: bigint): Settlement | undefined => {
    const like = this.ledger.settlement(likeSettlementId);
    return like === undefined ? undefined : bookForeign(this.#context, like, totalFen);
  };

  endSignIns(): void {
    this.faults.signInsEndedAtMs = this.#options.clock.wallMs() + 1;
  }

  stop(): void {
    this.#frame.stop();
  }

  exchange = async (body: Bytes): Promise<Bytes | undefined> => {
    if (this.faults.absent || this.#frame.stopped) return undefined;
    const parsed = parseFsiRequest(body);
    if (!parsed.ok) return this.#frame.deliver(this.#reply({ ok: false, message: parsed.reason }, parsed.infno), 0);
    const { request } = parsed;
    const fault = takeInsurerFault(this.faults, request.infno, this.#options.randomness);
    const reply = this.#act(request, fault);
    return reply === undefined ? undefined : this.#frame.deliver(reply, fault.slowMs);
  };

  /** Does what the fault lets be done, at once, and makes the reply that the fault lets be seen. */
  #act(request: FsiRequest, fault: InsurerFault): Bytes | undefined {
    if (fault.effect === "late") {
      this.#frame.later(fault.lateMs, () => this.#serve(request));
      return undefined;
    }
    const answer: ServiceAnswer = fault.effect === "none" ? { ok: false, message: "the host is being maintained" } : this.#serve(request);
    if (fault.effect === "twice") this.#serve(request);
    this.#afterwards(request, fault);
    return this.#seen(request, fault, answer);
  }

  #afterwards(request: FsiRequest, { afterwards }: InsurerFault): void {
    const [entry] = this.ledger.byMsgid(request.msgid);
    if (entry === undefined) return;
    if (afterwards === "void") voidAtHost(this.#context, entry.settlementId);
    if (afterwards === "foreign-booking") bookForeign(this.#context, entry, FOREIGN_FEN);
  }

  #seen(request: FsiRequest, { reply, form }: InsurerFault, answer: ServiceAnswer): Bytes | undefined {
    switch (reply) {
      case "normal":
      case "refusal":
        return this.#reply(answer, request.infno, form);
      case "none":
        return undefined;
      case "system-error":
        return this.#replyWith(SYSTEM_ERROR, "java.sql.SQLRecoverableException: connection reset");
      case "empty-infcode":
        return this.#replyWith("", "");
      case "unparsable":
        return UNPARSABLE;
      case "negative":
        return this.#replyWith(OTHER_NEGATIVE, `${request.infno}: the host is being maintained`);
      case "code-1":
        return this.#replyWith(OTHER_POSITIVE, `${request.infno}: the host is being maintained`);
      case "other-person":
      case "other-msgid":
        return this.#reply(answer.ok ? { ok: true, output: mistaken(answer.output, reply) } : answer, request.infno, form);
      case "half": {
        const whole = this.#reply(answer, request.infno, form);
        return whole.slice(0, Math.floor(whole.length / 2));
      }
      case "output-missing":
        return this.#reply(answer.ok ? { ok: true, output: {} } : answer, request.infno, form);
    }
  }

  #serve(request: FsiRequest): ServiceAnswer {
    const handler = SERVICES.get(request.infno);
    const answer = handler === undefined ? { ok: false as const, message: `infno ${request.infno} is not served here` } : this.#serveSignedIn(handler, request);
    this.#frame.count(`${request.infno} ${answer.ok ? "done" : "refused"}`);
    if (!answer.ok) this.#log.info("insurer-refused", { infno: request.infno, message: answer.message });
    return answer;
  }

  #serveSignedIn(handler: ServiceHandler, request: FsiRequest): ServiceAnswer {
    const needed = this.#context.variants.signNumberRequired && NEED_SIGN_NUMBER.includes(request.infno);
    const refusal = needed ? signInRefusal(this.#context, request.signNumber) : undefined;
    if (refusal !== undefined) return { ok: false, message: refusal };
    return handler(this.#context, request);
  }

  #reply(answer: ServiceAnswer, infno: string, form: Partial<ReplyForm> = {}): Bytes {
    return answer.ok ? this.#replyWith(0, "", { output: answer.output, form }) : this.#replyWith(REFUSED, `${infno}: ${answer.message}`, { form });
  }

  #replyWith(infcode: number | "", errorMessage: string, written: { readonly output?: ReplyNode; readonly form?: Partial<ReplyForm> } = {}): Bytes {
    const head = { infcode, errorMessage, nowMs: this.#options.clock.wallMs(), area: this.#options.area ?? DEFAULT_AREA, serial: this.ledger.next("message") };
    return buildReply(head, written.output ?? {}, { ...this.#context.variants, ...written.form });
  }
}

/** A reply that belongs to somebody else: its nodes name another person, or another message. */
function mistaken(output: ReplyNode, which: "other-person" | "other-msgid"): ReplyNode {
  const members: ReplyNode = which === "other-person" ? { psn_no: "99999999999999999999", psn_name: "他人" } : { medins_setl_id: OTHER_MSGID };
  const changed = Object.entries(output).map(([name, node]) => {
    const fields = isReplyNode(node) ? Object.fromEntries(Object.entries(members).filter(([member]) => Object.hasOwn(node, member))) : {};
    return [name, isReplyNode(node) ? { ...node, ...fields } : node] as const;
  });
  return Object.fromEntries(changed);
}

/** Opens the simulated insurer over its books. */
export function openInsurer(options: InsurerOptions): Insurer {
  return new SimulatedInsurer(options);
}
