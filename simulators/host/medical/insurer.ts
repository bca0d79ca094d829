/*
 * Goal: an insurer that books, refuses, loses replies and books late, as the real ones are reported to do, with books of its own to compare with.
 * Method: a strict table of services; between the message and the service stands one planned fault, or none. A code that is not in
 * the table and a field that is not there are business refusals: nothing succeeds by default.
 */
import { type Bytes, utf8 } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { type Log, SILENT } from "../../../device/base/log.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import { buildReply, type FsiRequest, parseFsiRequest, type ReplyNode } from "./envelope.ts";
import { type InsurerFault, type InsurerFaults, noInsurerFaults, takeInsurerFault } from "./insurer-faults.ts";
import type { InsurerLedger } from "./insurer-ledger.ts";
import { personInformation, signIn } from "./person-services.ts";
import { type CatalogueItem, type InsuredPerson, TEST_CATALOGUE, TEST_PERSONS } from "./persons.ts";
import { preSettle, settle, voidSettlement } from "./pharmacy-services.ts";
import { querySettlement, reconcileTotals, reverse, statementOfMessage } from "./recovery-services.ts";
import { DEFAULT_VARIANTS, type InsurerVariants, type ServiceAnswer, type ServiceContext, type ServiceHandler } from "./service.ts";
import { KUNMING_POLICY, type SplitPolicy } from "./split.ts";

export interface InsurerOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly ledger: InsurerLedger;
  readonly persons?: readonly InsuredPerson[];
  readonly catalogue?: readonly CatalogueItem[];
  readonly policy?: SplitPolicy;
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
  /** Gives up waiting: nothing that is late will happen any more. */
  stop(): void;
}

const SERVICES: ReadonlyMap<string, ServiceHandler> = new Map<string, ServiceHandler>([
  ["9001", signIn],
  ["1101", personInformation],
  ["2101", preSettle],
  ["2102", settle],
  ["2103", voidSettlement],
  ["2601", reverse],
  ["3201", reconcileTotals],
  ["3202", statementOfMessage],
  ["5203", querySettlement],
]);
const NEED_SIGN_NUMBER: readonly string[] = ["2101", "2102", "2103"];
const UNPARSABLE = utf8("<html><body>502 Bad Gateway</body></html>");
const REFUSED = -2;
const SYSTEM_ERROR = -1;

class SimulatedInsurer implements Insurer {
  readonly ledger: InsurerLedger;
  readonly faults: InsurerFaults;
  readonly #options: InsurerOptions;
  readonly #context: ServiceContext;
  readonly #counters = new Map<string, number>();
  readonly #stopped = new AbortController();
  readonly #log: Log;
  #late = 0;

  constructor(options: InsurerOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT;
    this.ledger = options.ledger;
    this.faults = options.faults ?? noInsurerFaults();
    const persons = options.persons ?? TEST_PERSONS;
    this.#context = {
      clock: options.clock,
      ledger: options.ledger,
      persons,
      catalogue: options.catalogue ?? TEST_CATALOGUE,
      policy: options.policy ?? KUNMING_POLICY,
      variants: { ...DEFAULT_VARIANTS, ...options.variants },
      brokenSum: () => this.faults.brokenSum,
    };
    for (const person of persons) this.ledger.openAccount(person.personNumber, person);
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  lateBookings = (): number => this.#late;

  stop(): void {
    this.#stopped.abort();
  }

  exchange = async (body: Bytes): Promise<Bytes | undefined> => {
    if (this.faults.absent || this.#stopped.signal.aborted) return undefined;
    const parsed = parseFsiRequest(body);
    if (!parsed.ok) return this.#deliver(this.#reply({ ok: false, message: parsed.reason }, parsed.infno), 0);
    const { request } = parsed;
    const fault = takeInsurerFault(this.faults, request.infno, this.#options.randomness);
    const reply = this.#act(request, fault);
    return reply === undefined ? undefined : this.#deliver(reply, fault.slowMs);
  };

  /** Does what the fault lets be done, at once, and makes the reply that the fault lets be seen. */
  #act(request: FsiRequest, fault: InsurerFault): Bytes | undefined {
    if (fault.effect === "late") {
      this.#actLater(request, fault.lateMs);
      return undefined;
    }
    const answer: ServiceAnswer = fault.effect === "done" ? this.#serve(request) : { ok: false, message: "the host is being maintained" };
    switch (fault.reply) {
      case "normal":
      case "refusal":
        return this.#reply(answer, request.infno);
      case "none":
        return undefined;
      case "system-error":
        return this.#replyWith(SYSTEM_ERROR, "java.sql.SQLRecoverableException: connection reset");
      case "empty-infcode":
        return this.#replyWith("", "");
      case "unparsable":
        return UNPARSABLE;
    }
  }

  #actLater(request: FsiRequest, lateMs: number): void {
    this.#late += 1;
    this.#options.clock
      .sleep(lateMs, this.#stopped.signal)
      .then(
        () => {
          this.#serve(request);
        },
        (error: unknown) => {
          if (!isFault(error, "cancelled")) throw error;
        },
      )
      .finally(() => {
        this.#late -= 1;
      });
  }

  #serve(request: FsiRequest): ServiceAnswer {
    const handler = SERVICES.get(request.infno);
    const answer = handler === undefined ? { ok: false as const, message: `infno ${request.infno} is not served here` } : this.#serveSignedIn(handler, request);
    this.#count(`${request.infno} ${answer.ok ? "done" : "refused"}`);
    if (!answer.ok) this.#log.info("insurer-refused", { infno: request.infno, message: answer.message });
    return answer;
  }

  #serveSignedIn(handler: ServiceHandler, request: FsiRequest): ServiceAnswer {
    const needed = this.#context.variants.signNumberRequired && NEED_SIGN_NUMBER.includes(request.infno);
    if (needed && !this.ledger.signedIn(request.signNumber)) return { ok: false, message: "sign_no is missing or unknown" };
    return handler(this.#context, request);
  }

  #count(event: string): void {
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
  }

  #reply(answer: ServiceAnswer, infno: string): Bytes {
    return answer.ok ? this.#replyWith(0, "", answer.output) : this.#replyWith(REFUSED, `${infno}: ${answer.message}`);
  }

  #replyWith(infcode: number | "", errorMessage: string, output: ReplyNode = {}): Bytes {
    const head = { infcode, errorMessage, nowMs: this.#options.clock.wallMs(), area: this.#options.area ?? "530100", serial: this.ledger.next("message") };
    return buildReply(head, output, this.#context.variants);
  }

  async #deliver(reply: Bytes, slowMs: number): Promise<Bytes | undefined> {
    const waitMs = (this.#options.latencyMs ?? 0) + slowMs;
    if (waitMs === 0) return reply;
    try {
      await this.#options.clock.sleep(waitMs, this.#stopped.signal);
      return reply;
    } catch (error) {
      // An insurer that was stopped while it thought has answered nobody.
      if (isFault(error, "cancelled")) return undefined;
      throw error;
    }
  }
}

/** Opens the simulated insurer over its books. */
export function openInsurer(options: InsurerOptions): Insurer {
  return new SimulatedInsurer(options);
}
