/* The security module behind its port: purchases of the e-purse, authentication data of the social application. */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8, u16be, u32be } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { command, formatStatusWord, isOk, type ResponseApdu, triesLeft } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { CardReader, Psam, PsamPurchase, PurchaseInitialization } from "../../drivers/ports.ts";
import { malformed } from "../dialogue.ts";
import { foldHalves, zeroFill } from "../keys/block-mac.ts";
import { PURCHASE_ANSWER_LENGTH, type PurchaseAnswer, parsePurchaseAnswer } from "./answers.ts";
import { ModuleLock } from "./lock.ts";
import { DEFAULT_MODULE_DIRECTORY, type ModuleDirectory, SecurityModule } from "./module.ts";

export interface PsamOptions {
  readonly clock: Clock;
  readonly profile: Pick<CardProfile, "psamLevels">;
  /** Where the module's applications are; left out: the names of the specifications. */
  readonly directory?: ModuleDirectory;
}

type AuthenticationRequest = Parameters<Psam["authenticationData"]>[0];

/** Status words that say "not with this many factors": the next level is worth trying. Spec: LD/T 32.9, DELIVERY SESSION KEY. */
const OTHER_LEVEL: ReadonlySet<number> = new Set([0x6700, 0x6a80, 0x6a81, 0x6a83, 0x6a88, 0x9403]);
const LEVELS: Readonly<Record<CardProfile["psamLevels"], readonly number[]>> = { auto321: [3, 2, 1], "3": [3], "2": [2], "1": [1] };
const USAGE_TYPE_MASK = 0x1f;
const USAGE_LEVEL_SHIFT = 5;
const SEQUENCE_SPAN = 0x1_0000_0000;

/**
 * Opens the security module that lies in `reader`, selects its purse application and reads the terminal's number. Faults: those of a
 * card channel; "key-missing" when the module has neither a purse nor a social application, or no terminal number.
 */
export async function openPsam(reader: CardReader, options: PsamOptions, limits: Limits): Promise<Psam> {
  assert(reader.interface === "sam", "a security module lies in a reader of its own kind");
  const module = new SecurityModule(reader, { clock: options.clock, directory: options.directory ?? DEFAULT_MODULE_DIRECTORY });
  const psam = new CardPsam(module, options);
  await psam.start(limits);
  return psam;
}

class CardPsam implements Psam {
  readonly #module: SecurityModule;
  readonly #lock: ModuleLock;
  readonly #levels: readonly number[];
  /** The number of factors that a key was found to take. Bounded by the number of keys of one module. */
  readonly #levelOfKey = new Map<string, number>();
  #nextSequence = 0;

  constructor(module: SecurityModule, options: PsamOptions) {
    this.#module = module;
    this.#lock = new ModuleLock(options.clock);
    this.#levels = LEVELS[options.profile.psamLevels];
  }

  get terminalNumber(): Bytes {
    const number = this.#module.terminalNumber;
    assert(number !== undefined, "the module was opened");
    return number;
  }

  async start(limits: Limits): Promise<void> {
    const hasPurse = (await this.#module.select("purse", limits)) === "selected";
    const ready =
      hasPurse || (await this.#module.select("social-sm4", limits)) === "selected" || (await this.#module.select("social-3des", limits)) === "selected";
    if (ready) this.#nextSequence = (await this.#module.readTerminalSequence(limits)) ?? 0;
    if (this.#module.terminalNumber !== undefined) return;
    await this.#module.close();
    throw new Fault("key-missing", "the security module names no terminal", { effectUnknown: false });
  }

  expectedSequence(): number {
    return this.#nextSequence;
  }

  async beginPurchase(purchase: PurchaseInitialization, limits: Limits): Promise<PsamPurchase> {
    const free = await this.#lock.acquire(limits);
    try {
      const answer = await this.#withReopening(async () => {
        if ((await this.#module.select("purse", limits)) === "absent") throw missingKey("purse application");
        return this.#initialize(purchase, limits);
      });
      this.#nextSequence = (answer.terminalSequence + 1) % SEQUENCE_SPAN;
      return new HeldPurchase(this.#module, answer, free);
    } catch (error) {
      free();
      throw error;
    }
  }

  async authenticationData(request: AuthenticationRequest, limits: Limits): Promise<Bytes> {
    const free = await this.#lock.acquire(limits);
    try {
      return await this.#withReopening(async () => {
        const application = request.algorithm === "sm4" ? "social-sm4" : "social-3des";
        if ((await this.#module.select(application, limits)) === "absent") throw missingKey("social application");
        await this.#enterEnvironment(request.factors, limits);
        await this.#deliverSessionKey(request, limits);
        return this.#encipher(request, limits);
      });
    } finally {
      free();
    }
  }

  close(): Promise<void> {
    return this.#module.close();
  }

  /** A module whose power failed since its last use says so only now, before anything was sent: it is opened again, once. */
  async #withReopening<Value>(work: () => Promise<Value>): Promise<Value> {
    const wasOpen = this.#module.isOpen;
    try {
      return await work();
    } catch (error) {
      if (!wasOpen || this.#module.isOpen || !isFault(error) || error.effectUnknown) throw error;
      return work();
    }
  }

  async #initialize(purchase: PurchaseInitialization, limits: Limits): Promise<PurchaseAnswer> {
    const { cardRandom, date, time } = purchase;
    assert(cardRandom.length === 4 && date.length === 4 && time.length === 3, "the purchase fits the command");
    const head = concat(
      cardRandom,
      u16be(purchase.cardSequence),
      u32be(purchase.amount),
      u8(purchase.type),
      date,
      time,
      u8(purchase.keyVersion),
      u8(purchase.algorithm),
    );
    const key = `purchase:${purchase.keyVersion}:${purchase.algorithm}`;
    const { data } = await this.#byLevel(key, purchase.factors, (factors) =>
      this.#module.send(command("80 70 00 00", { data: concat(head, ...factors), le: PURCHASE_ANSWER_LENGTH }), limits),
    );
    const answer = parsePurchaseAnswer(data);
    if (answer === undefined) throw malformed("INIT SAM FOR PURCHASE");
    return answer;
  }

  /** Names the province whose keys are meant. Modules with one set of keys do not know the command. Spec: LD/T 32.9, INITIALIZE ENVIRONMENT. */
  async #enterEnvironment(factors: readonly Bytes[], limits: Limits): Promise<void> {
    const province = factors[2];
    if (province === undefined) return;
    const digits = Number.parseInt(String.fromCharCode(...province.subarray(0, 2)), 16);
    if (Number.isInteger(digits)) await this.#module.send(command("BF EC 00 00", { data: u8(digits) }), limits);
  }

  async #deliverSessionKey(request: AuthenticationRequest, limits: Limits): Promise<void> {
    const { usage, keyId, sessionFactor } = request;
    assert(sessionFactor.length === 8 && request.raw.length === 8, "factor and raw value have 8 bytes each");
    const factorLength = request.algorithm === "sm4" ? 16 : 8;
    const type = usage & USAGE_TYPE_MASK;
    const key = `session:${request.algorithm}:${type}:${keyId}`;
    await this.#byLevel(key, request.factors, (factors) => {
      const data = concat(...factors, zeroFill(sessionFactor, factorLength));
      return this.#module.send({ cla: 0xbf, ins: 0xde, p1: (factors.length << USAGE_LEVEL_SHIFT) | type, p2: keyId, data }, limits);
    });
  }

  /** Enciphers the raw value; with 16-byte blocks both halves of the answer are laid upon each other. */
  async #encipher(request: AuthenticationRequest, limits: Limits): Promise<Bytes> {
    const length = request.algorithm === "sm4" ? 16 : 8;
    const { data, sw } = await this.#module.send(command("80 FA 00 00", { data: zeroFill(request.raw, length), le: length }), limits);
    if (!isOk(sw)) throw refused("CIPHER DATA", sw);
    if (data.length !== length) throw malformed("CIPHER DATA");
    return length === 16 ? foldHalves(data) : data;
  }

  /** Tries a key with 3, 2 and 1 factors, the number that worked before first. */
  async #byLevel(key: string, factors: readonly Bytes[], attempt: (factors: readonly Bytes[]) => Promise<ResponseApdu>): Promise<ResponseApdu> {
    const known = this.#levelOfKey.get(key);
    const possible = this.#levels.filter((level) => level <= factors.length && level !== known);
    let last = 0x6a88;
    for (const level of known === undefined ? possible : [known, ...possible]) {
      const response = await attempt(factors.slice(0, level));
      if (isOk(response.sw)) {
        this.#levelOfKey.set(key, level);
        return response;
      }
      last = response.sw;
      if (!OTHER_LEVEL.has(response.sw)) break;
    }
    this.#module.forgetSelection();
    throw OTHER_LEVEL.has(last) || last === 0x6983 ? missingKey(key) : refused(key, last);
  }
}

/** A purchase that the module has opened; over after `credit`, `release`, or as soon as the module was lost. */
class HeldPurchase implements PsamPurchase {
  readonly terminalSequence: number;
  readonly mac1: Bytes;
  readonly #module: SecurityModule;
  readonly #opening: number;
  readonly #free: () => void;
  #over = false;

  constructor(module: SecurityModule, answer: PurchaseAnswer, free: () => void) {
    this.#module = module;
    this.#opening = module.opening;
    this.#free = free;
    this.terminalSequence = answer.terminalSequence;
    this.mac1 = answer.mac1;
  }

  async credit(mac2: Bytes, limits: Limits): Promise<"accepted" | "refused" | "no-session"> {
    assert(mac2.length === 4, "MAC2 has 4 bytes");
    if (this.#over || !this.#module.isOpen || this.#module.opening !== this.#opening) {
      this.release();
      return "no-session";
    }
    this.#over = true;
    try {
      const { sw } = await this.#module.send(command("80 72 00 00", { data: mac2 }), limits);
      return creditOutcome(sw);
    } finally {
      this.#free();
    }
  }

  release(): void {
    if (!this.#over) {
      this.#over = true;
      // The module still waits for a credit that will never come: the next one begins from the selection.
      if (this.#module.opening === this.#opening) this.#module.forgetSelection();
    }
    this.#free();
  }
}

/**
 * A wrong MAC2 is told as 9302 or as 63Cx; both are a refusal. Any other word means that nothing was checked, as after a reset.
 * Spec: LD/T 32.9, CREDIT SAM FOR PURCHASE.
 */
function creditOutcome(sw: number): "accepted" | "refused" | "no-session" {
  if (isOk(sw)) return "accepted";
  return sw === 0x9302 || triesLeft(sw) !== undefined ? "refused" : "no-session";
}

function missingKey(what: string): Fault {
  return new Fault("key-missing", `the security module has no key for ${what}`, { effectUnknown: false });
}

function refused(what: string, sw: number): Fault {
  return new Fault("reader-refused", `${what}: status ${formatStatusWord(sw)}`, { effectUnknown: false });
}
