/*
 * Goal: an acquirer that books, declines, loses and spoils replies as the real ones are reported to do, with books of its own to compare with.
 * Method: a strict table of services; between the message and the service stands one planned fault, or none. Whatever it does not know, cannot read or
 * cannot trust is refused by a code: nothing succeeds by default. Spec: UnionPay terminal, message table.
 */
import { type Bytes, equalBytes, fromHex, invertBytes } from "../../../device/base/bytes.ts";
import { isFault } from "../../../device/base/fault.ts";
import { type Log, SILENT } from "../../../device/base/log.ts";
import type { Clock, Randomness } from "../../../device/base/ports.ts";
import { type CardProfile, DEFAULT_CARD_PROFILE } from "../../../device/codec/card-profile.ts";
import { civilTime } from "../../../device/codec/civil-time.ts";
import type { CipherSuite } from "../../../device/crypto/face.ts";
import { type AcquirerFault, type AcquirerFaults, noAcquirerFaults, takeAcquirerFault, type WrongEcho } from "./acquirer-faults.ts";
import { messageMac } from "./ciphers.ts";
import type { AcquirerLedger } from "./ledger.ts";
import { answeredTpdu, type BankMessage, type BankMessageParse, readMessage, writeMessage } from "./message.ts";
import {
  type AcquirerVariants,
  type BankAnswer,
  type BankContext,
  type BankRequest,
  DEFAULT_VARIANTS,
  type DownloadTables,
  fieldOf,
  no,
  readRequest,
  type TerminalContract,
} from "./request.ts";
import { needsMac, serviceFor } from "./services.ts";
import { TEST_ACCOUNTS, TEST_CONTRACTS, TEST_TABLES } from "./test-customers.ts";
import type { AccountOpening, CardStatus } from "./words.ts";

export interface AcquirerOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly suite: CipherSuite;
  readonly ledger: AcquirerLedger;
  /** Left out: one test terminal. */
  readonly contracts?: readonly TerminalContract[];
  /** Left out: the accounts of test cards. */
  readonly accounts?: readonly AccountOpening[];
  readonly tables?: DownloadTables;
  readonly profile?: CardProfile;
  readonly variants?: Partial<AcquirerVariants>;
  readonly faults?: AcquirerFaults;
  /** How long every reply takes. */
  readonly latencyMs?: number;
  readonly log?: Log;
}

export interface Acquirer {
  readonly ledger: AcquirerLedger;
  /** May be changed at any time. */
  readonly faults: AcquirerFaults;
  /** How often each answer was given, for example "0200/000000 00". */
  readonly counters: ReadonlyMap<string, number>;
  /** One message: transport header, header and message in, the same out. Acts before the first await; undefined: no reply will ever come. */
  readonly exchange: (body: Bytes) => Promise<Bytes | undefined>;
  /** Approvals that are still on their way. */
  readonly lateBookings: () => number;
  /** Answers whether there is such an account. */
  setStatus(pan: string, status: CardStatus): boolean;
  /** All working keys are known no more. */
  endSignIns(): void;
  /** Gives up waiting: nothing that is late will happen any more. */
  stop(): void;
}

/** Fields of a request that stand in its reply as they came. */
const ECHOED: readonly number[] = [2, 3, 4, 11, 23, 25, 41, 42, 49, 60];
const UNREADABLE = new TextEncoder().encode("HTTP/1.1 502 Bad Gateway\r\n\r\n");
const REFUSED_MAC = "A0";

class SimulatedAcquirer implements Acquirer {
  readonly ledger: AcquirerLedger;
  readonly faults: AcquirerFaults;
  readonly #options: AcquirerOptions;
  readonly #context: BankContext;
  readonly #contracts: ReadonlyMap<string, TerminalContract>;
  readonly #counters = new Map<string, number>();
  readonly #stopped = new AbortController();
  readonly #previous = new Map<string, Bytes>();
  readonly #log: Log;
  #late = 0;

  constructor(options: AcquirerOptions) {
    const { clock, randomness, suite, ledger } = options;
    this.#options = options;
    this.#log = options.log ?? SILENT;
    this.ledger = ledger;
    this.faults = options.faults ?? noAcquirerFaults();
    this.#contracts = new Map((options.contracts ?? TEST_CONTRACTS).map((contract) => [contract.terminal, contract] as const));
    this.#context = {
      clock,
      randomness,
      suite,
      ledger,
      profile: options.profile ?? DEFAULT_CARD_PROFILE,
      variants: { ...DEFAULT_VARIANTS, ...options.variants },
      tables: options.tables ?? TEST_TABLES,
      faults: this.faults,
    };
    for (const account of options.accounts ?? TEST_ACCOUNTS) ledger.openAccount(account);
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  lateBookings = (): number => this.#late;

  setStatus(pan: string, status: CardStatus): boolean {
    return this.ledger.setStatus(pan, status);
  }

  endSignIns(): void {
    this.ledger.sessions.endAll();
  }

  stop(): void {
    this.#stopped.abort();
  }

  exchange = async (body: Bytes): Promise<Bytes | undefined> => {
    if (this.faults.absent || this.#stopped.signal.aborted) return undefined;
    const parsed = this.#read(body);
    if (!parsed.ok) {
      // What has not even a type can be answered by nobody.
      if (parsed.read === undefined) return undefined;
      return this.#deliver(this.#write(parsed.read, no("30")), 0);
    }
    const { message, covered } = parsed;
    const fault = takeAcquirerFault(this.faults, { type: message.type, processing: fieldOf(message, 3) }, this.#options.randomness);
    const reply = this.#act({ message, covered }, fault);
    return reply === undefined ? undefined : this.#deliver(reply, fault.slowMs);
  };

  /** A PIN block is as long as the terminal's contract has it, and the terminal is named behind it: so it is read both ways, and one of them fits. */
  #read(body: Bytes): BankMessageParse {
    const usual = readMessage(body);
    const longer = readMessage(body, 16);
    const fits = longer.ok && longer.message.fields.has(52) && this.#contracts.get(fieldOf(longer.message, 41))?.keyLayout === "sm4";
    return fits ? longer : usual;
  }

  /** Does what the fault lets be done, at once, and makes the reply that the fault lets be seen. */
  #act(came: Came, fault: AcquirerFault): Bytes | undefined {
    if (fault.effect === "late") {
      this.#actLater(came, fault);
      return undefined;
    }
    const answer = fault.effect === "none" ? no(fault.code === "" ? "91" : fault.code) : this.#judged(came, fault);
    if (fault.effect === "twice") this.#judged(came, fault);
    const reply = this.#seen(came.message, fault, answer);
    if (fault.endsSession) this.ledger.sessions.signOff(fieldOf(came.message, 41));
    return reply;
  }

  #seen(message: BankMessage, fault: AcquirerFault, answer: BankAnswer): Bytes | undefined {
    const terminal = fieldOf(message, 41);
    const before = this.#previous.get(terminal);
    const whole = this.#write(message, answer, fault);
    this.#previous.set(terminal, whole);
    switch (fault.reply) {
      case "normal":
      case "wrong-type":
        return whole;
      case "none":
        return undefined;
      case "previous":
        return before ?? whole;
      case "half":
        return whole.slice(0, Math.floor(whole.length / 2));
      case "unreadable":
        return UNREADABLE;
    }
  }

  #actLater(came: Came, fault: AcquirerFault): void {
    this.#late += 1;
    this.#options.clock
      .sleep(fault.lateMs, this.#stopped.signal)
      .then(
        () => {
          this.#judged(came, fault);
        },
        (error: unknown) => {
          if (!isFault(error, "cancelled")) throw error;
        },
      )
      .finally(() => {
        this.#late -= 1;
      });
  }

  #judged({ message, covered }: Came, fault: AcquirerFault): BankAnswer {
    const answer = this.#serve(message, covered, fault);
    const event = `${message.type}/${fieldOf(message, 3)} ${answer.code}`;
    this.#counters.set(event, (this.#counters.get(event) ?? 0) + 1);
    if (answer.code !== "00") this.#log.info("acquirer-refused", { type: message.type, code: answer.code });
    return answer;
  }

  #serve(message: BankMessage, covered: Bytes, fault: AcquirerFault): BankAnswer {
    const contract = this.#contracts.get(fieldOf(message, 41));
    if (contract === undefined) return no("58");
    if (contract.merchant !== fieldOf(message, 42)) return no("03");
    const request = readRequest(message, contract, this.ledger.sessions.of(contract.terminal));
    if (request === undefined) return no("30");
    if (!this.#macHolds(request, covered)) return no(REFUSED_MAC);
    const service = serviceFor(request, this.#context.variants.withdrawalCode);
    if (service === undefined) return no("12");
    return this.ledger.atomically(() => service(this.#context, { ...request, partly: fault.partly, issuer: fault.issuer }));
  }

  /** Where a MAC is needed it has to hold, and where there is one as well; a terminal that has signed off has no keys. */
  #macHolds({ message, contract, session }: BankRequest, covered: Bytes): boolean {
    const mac = fieldOf(message, 64);
    if (mac === "") return !needsMac(message.type);
    if (!session.signedIn || session.keys === undefined) return false;
    return equalBytes(messageMac(this.#options.suite, contract.macForm, { key: session.keys.mac, covered }), fromHex(mac));
  }

  #write(request: BankMessage, answer: BankAnswer, fault?: AcquirerFault): Bytes {
    const { date, time } = civilTime(this.#options.clock.wallMs());
    const echoed = ECHOED.flatMap((number) => (request.fields.has(number) ? [[number, fieldOf(request, number)] as const] : []));
    const fields = new Map<number, string>([...echoed, [12, time], [13, date.slice(4)], [39, answer.code], ...(answer.fields ?? [])]);
    if (fault !== undefined) spoil(fields, fault.echo);
    if (fault?.keysWrong === true) spoilKeys(fields);
    const type = replyType(request.type, fault?.reply === "wrong-type");
    const reply = { tpdu: answeredTpdu(request.tpdu), header: request.header, type, fields };
    return writeMessage(reply, this.#sealer(request, fault));
  }

  /** Makes field 64 where the request had one and there are keys to make it with. */
  #sealer(request: BankMessage, fault: AcquirerFault | undefined): ((covered: Bytes) => Bytes) | undefined {
    const contract = this.#contracts.get(fieldOf(request, 41));
    if (contract === undefined || fieldOf(request, 64) === "" || fault?.mac === "missing") return undefined;
    const { keys } = this.ledger.sessions.of(contract.terminal);
    if (keys === undefined) return undefined;
    return (covered) => {
      const mac = messageMac(this.#options.suite, contract.macForm, { key: keys.mac, covered });
      return fault?.mac === "wrong" ? invertBytes(mac) : mac;
    };
  }

  async #deliver(reply: Bytes, slowMs: number): Promise<Bytes | undefined> {
    const waitMs = (this.#options.latencyMs ?? 0) + slowMs;
    if (waitMs === 0) return reply;
    try {
      await this.#options.clock.sleep(waitMs, this.#stopped.signal);
      return reply;
    } catch (error) {
      // An acquirer that was stopped while it thought has answered nobody.
      if (isFault(error, "cancelled")) return undefined;
      throw error;
    }
  }
}

interface Came {
  readonly message: BankMessage;
  readonly covered: Bytes;
}

/** The type of the answer: the third digit counts one more. */
function replyType(type: string, wrong: boolean): string {
  const answered = `${type.slice(0, 2)}${Number(type[2]) + 1}${type[3] ?? ""}`.slice(0, 4);
  if (!wrong) return answered;
  return answered === "0210" ? "0410" : "0210";
}

function plusOne(digits: string): string {
  return String((Number(digits) + 1) % 10 ** digits.length).padStart(digits.length, "0");
}

function spoil(fields: Map<number, string>, echo: WrongEcho): void {
  const numbers: Readonly<Record<WrongEcho, number>> = { none: 0, amount: 4, stan: 11, terminal: 41, merchant: 42, processing: 3 };
  const number = numbers[echo];
  const value = fields.get(number);
  if (value === undefined) return;
  fields.set(number, number === 41 || number === 42 ? `${value.slice(0, -1)}${value.endsWith("9") ? "8" : "9"}` : plusOne(value));
}

/** The last byte of field 62 belongs to a check value in every layout. */
function spoilKeys(fields: Map<number, string>): void {
  const keys = fields.get(62);
  if (keys !== undefined) fields.set(62, `${keys.slice(0, -2)}${keys.endsWith("00") ? "01" : "00"}`);
}

/** Opens the simulated acquirer over its books. */
export function openAcquirer(options: AcquirerOptions): Acquirer {
  return new SimulatedAcquirer(options);
}
