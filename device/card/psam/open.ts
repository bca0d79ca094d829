/*
 * The security module behind its ports: purchases of the e-purse and of the medical purse, authentication data, MACs and enciphered
 * data of the social application, the MAC by which a transit card is blocked, and that of an industry record. One of these at a time.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, u8, u16be, u32be } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Clock, Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type {
  CardReader,
  MedicalPurchaseInitialization,
  ModuleApplication,
  ModuleCommandMac,
  ModuleKeyPlace,
  ModuleKeyUse,
  ModuleRecordMac,
  Psam,
  PsamPurchase,
  PurchaseInitialization,
  RecordPsam,
  SocialPsam,
  TellingPsam,
  ToldKey,
  TransitPsam,
} from "../../drivers/ports.ts";
import { malformed } from "../dialogue.ts";
import { BLOCK_LENGTH, type CardAlgorithm, foldHalves, zeroFill } from "../keys/block-mac.ts";
import { PURCHASE_ANSWER_LENGTH, type PurchaseAnswer, parsePurchaseAnswer } from "./answers.ts";
import { encipherBlocks, type ModuleSession, macBlocks } from "./cipher.ts";
import { HeldPurchase } from "./held-purchase.ts";
import { KeyLevels, missingKey } from "./levels.ts";
import { ModuleLock } from "./lock.ts";
import { DEFAULT_MODULE_DIRECTORY, type ModuleDirectory, SecurityModule } from "./module.ts";
import { tellKey } from "./telling.ts";

export interface PsamOptions {
  readonly clock: Clock;
  readonly profile: Pick<CardProfile, "psamLevels" | "psamAlgByteSm4" | "psamKeyCheck">;
  /** Where the module's applications are; left out: the names of the specifications. */
  readonly directory?: ModuleDirectory;
}

type AuthenticationRequest = Parameters<Psam["authenticationData"]>[0];

const USAGE_TYPE_MASK = 0x1f;
const USAGE_LEVEL_SHIFT = 5;
const SEQUENCE_SPAN = 0x1_0000_0000;
const AUTHENTICATION_CODE_LENGTH = 9;
/** Key type of the transit module's maintenance key: P1 45 with two factors. Spec: JT/T 978, PSAM. */
const MAINTENANCE_KEY_TYPE = 0x05;
/** Key type of keys that make MACs alone, which industry records are taken to have. Spec: LD/T 32.9, key records. */
const RECORD_KEY_TYPE = 0x06;
/** Public code names the key of triple DES alone; SM4 modules are taken to keep theirs beside it. Spec: JT/T 978, PSAM. */
const MAINTENANCE_KEY_ID: Readonly<Record<CardAlgorithm, number>> = { "3des": 0x02, sm4: 0x03 };

/**
 * Opens the security module that lies in `reader`, selects its purse application and reads the terminal's number. Faults: those of a
 * card channel; "key-missing" when the module has neither a purse nor a social application, or no terminal number.
 */
export async function openPsam(reader: CardReader, options: PsamOptions, limits: Limits): Promise<SocialPsam & TransitPsam & RecordPsam & TellingPsam> {
  assert(reader.interface === "sam", "a security module lies in a reader of its own kind");
  const module = new SecurityModule(reader, { clock: options.clock, directory: options.directory ?? DEFAULT_MODULE_DIRECTORY });
  const psam = new CardPsam(module, options);
  await psam.start(limits);
  return psam;
}

class CardPsam implements SocialPsam, TransitPsam, RecordPsam, TellingPsam {
  readonly #module: SecurityModule;
  readonly #lock: ModuleLock;
  readonly #levels: KeyLevels;
  readonly #sm4Byte: number;
  readonly #profile: PsamOptions["profile"];
  #nextSequence = 0;

  constructor(module: SecurityModule, options: PsamOptions) {
    this.#module = module;
    this.#lock = new ModuleLock(options.clock);
    this.#levels = new KeyLevels(module, options.profile.psamLevels);
    this.#sm4Byte = options.profile.psamAlgByteSm4;
    this.#profile = options.profile;
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

  beginPurchase(purchase: PurchaseInitialization, limits: Limits): Promise<PsamPurchase> {
    return this.#begin("purse", limits, () => this.#initialize(purchase, limits));
  }

  beginMedicalPurchase(purchase: MedicalPurchaseInitialization, limits: Limits): Promise<PsamPurchase> {
    return this.#begin(socialDirectory(purchase.socialAlgorithm), limits, async () => {
      await this.#enterEnvironment(purchase.factors, limits);
      return this.#initializeMedical(purchase, limits);
    });
  }

  authenticationData(request: AuthenticationRequest, limits: Limits): Promise<Bytes> {
    assert(request.sessionFactor.length === 8 && request.raw.length === 8, "factor and raw value have 8 bytes each");
    const block = BLOCK_LENGTH[request.algorithm];
    return this.#withSession(request, limits, async (session) => {
      const data = await encipherBlocks(session, zeroFill(request.raw, block));
      // With 16-byte blocks both halves of the answer are laid upon each other. Spec: LD/T 32.4, 9.
      return request.algorithm === "sm4" ? foldHalves(data) : data;
    });
  }

  blockMac(use: ModuleKeyUse, data: Bytes, limits: Limits): Promise<Bytes> {
    return this.#withSession(use, limits, (session) => macBlocks(session, data, new Uint8Array(BLOCK_LENGTH[use.algorithm])));
  }

  encipher(use: ModuleKeyUse, data: Bytes, limits: Limits): Promise<Bytes> {
    return this.#withSession(use, limits, (session) => encipherBlocks(session, data));
  }

  commandMac(request: ModuleCommandMac, limits: Limits): Promise<Bytes> {
    const { algorithm, challenge } = request;
    assert(challenge.length === 4, "the challenge has 4 bytes");
    return this.#exclusive("purse", limits, async () => {
      await this.#levels.find(`maintenance:${algorithm}`, request.factors, (factors) => {
        const p1 = (factors.length << USAGE_LEVEL_SHIFT) | MAINTENANCE_KEY_TYPE;
        return this.#module.send({ cla: 0x80, ins: 0x1a, p1, p2: MAINTENANCE_KEY_ID[algorithm], data: concat(...factors) }, limits);
      });
      return macBlocks({ module: this.#module, algorithm, limits }, request.command, zeroFill(challenge, BLOCK_LENGTH[algorithm]));
    });
  }

  recordMac({ keyId, factors, vector, data, algorithm }: ModuleRecordMac, limits: Limits): Promise<Bytes> {
    const block = BLOCK_LENGTH[algorithm];
    assert(vector.length === 8, "the vector has 8 bytes");
    return this.#exclusive("purse", limits, async () => {
      const p1 = (factors.length << USAGE_LEVEL_SHIFT) | RECORD_KEY_TYPE;
      const ready = await this.#module.send({ cla: 0x80, ins: 0x1a, p1, p2: keyId, data: concat(...factors) }, limits);
      if (!isOk(ready.sw)) {
        this.#module.forgetSelection();
        throw missingKey(`industry records (${keyId})`);
      }
      return macBlocks({ module: this.#module, algorithm, limits }, data, concat(new Uint8Array(block - vector.length), vector));
    });
  }

  async has(application: ModuleApplication, limits: Limits): Promise<boolean> {
    const free = await this.#lock.acquire(limits);
    try {
      return (await this.#module.select(application, limits)) === "selected";
    } finally {
      free();
    }
  }

  async tellKey(place: ModuleKeyPlace, limits: Limits): Promise<ToldKey | undefined> {
    const application = socialDirectory(place.algorithm);
    if (!(await this.has(application, limits))) return undefined;
    return this.#exclusive(application, limits, () => tellKey(this.#module, { place, profile: this.#profile, number: this.terminalNumber }, limits));
  }

  close(): Promise<void> {
    return this.#module.close();
  }

  /** Opens a purchase in a directory of the module, and keeps the module for it. */
  async #begin(directory: ModuleApplication, limits: Limits, initialize: () => Promise<PurchaseAnswer>): Promise<PsamPurchase> {
    const free = await this.#lock.acquire(limits);
    try {
      const answer = await this.#inDirectory(directory, limits, initialize);
      this.#nextSequence = (answer.terminalSequence + 1) % SEQUENCE_SPAN;
      return new HeldPurchase(this.#module, answer, free);
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Delivers a session key and does one piece of work under it, alone on the module. */
  #withSession<Value>(use: ModuleKeyUse, limits: Limits, work: (session: ModuleSession) => Promise<Value>): Promise<Value> {
    return this.#exclusive(socialDirectory(use.algorithm), limits, async () => {
      await this.#enterEnvironment(use.factors, limits);
      await this.#deliverSessionKey(use, limits);
      return work({ module: this.#module, algorithm: use.algorithm, limits });
    });
  }

  async #exclusive<Value>(directory: ModuleApplication, limits: Limits, work: () => Promise<Value>): Promise<Value> {
    const free = await this.#lock.acquire(limits);
    try {
      return await this.#inDirectory(directory, limits, work);
    } finally {
      free();
    }
  }

  /** A module whose power failed since its last use says so only now, before anything was sent: it is opened again, once. */
  async #inDirectory<Value>(directory: ModuleApplication, limits: Limits, work: () => Promise<Value>): Promise<Value> {
    const attempt = async () => {
      if ((await this.#module.select(directory, limits)) === "absent") throw missingKey(directory === "purse" ? "purse application" : "social application");
      return work();
    };
    const wasOpen = this.#module.isOpen;
    try {
      return await attempt();
    } catch (error) {
      if (!wasOpen || this.#module.isOpen || !isFault(error) || error.effectUnknown) throw error;
      return attempt();
    }
  }

  #initialize(purchase: PurchaseInitialization, limits: Limits): Promise<PurchaseAnswer> {
    const { authenticationCode } = purchase;
    assert(authenticationCode === undefined || authenticationCode.length === AUTHENTICATION_CODE_LENGTH, "an authentication code has 9 bytes");
    const amounts = u32be(purchase.amount);
    const key = `purchase:${purchase.keyVersion}:${purchase.algorithm}`;
    const head = purchaseHead(purchase, { amounts, algorithm: purchase.algorithm });
    return this.#samPurchase({ key, header: "80 70 00 00", head, factors: purchase.factors, tail: authenticationCode ?? EMPTY }, limits);
  }

  #initializeMedical(purchase: MedicalPurchaseInitialization, limits: Limits): Promise<PurchaseAnswer> {
    const { socialAlgorithm, keyVersion } = purchase;
    const amounts = concat(u32be(purchase.account), u32be(purchase.selfPay), u32be(purchase.pooled));
    // How the module's key records write SM4 is open, and need not be what the card writes. Spec: LD/T 32.9, key records.
    const algorithm = socialAlgorithm === "sm4" ? this.#sm4Byte : purchase.algorithm;
    const key = `medical:${socialAlgorithm}:${keyVersion}:${algorithm}`;
    const head = purchaseHead(purchase, { amounts, algorithm });
    return this.#samPurchase({ key, header: "80 70 01 00", head, factors: purchase.factors, tail: EMPTY }, limits);
  }

  /** INIT SAM FOR PURCHASE of either purse. Spec: LD/T 32.9, INIT SAM FOR PURCHASE. */
  async #samPurchase(
    request: { readonly key: string; readonly header: string; readonly head: Bytes; readonly factors: readonly Bytes[]; readonly tail: Bytes },
    limits: Limits,
  ): Promise<PurchaseAnswer> {
    const { header, head, tail } = request;
    const { data } = await this.#levels.find(request.key, request.factors, (factors) =>
      this.#module.send(command(header, { data: concat(head, ...factors, tail), le: PURCHASE_ANSWER_LENGTH }), limits),
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

  /** DELIVERY SESSION KEY: a session factor fills one block of the cipher. Spec: LD/T 32.9, DELIVERY SESSION KEY. */
  async #deliverSessionKey(use: ModuleKeyUse, limits: Limits): Promise<void> {
    const { usage, keyId, sessionFactor, algorithm } = use;
    assert(sessionFactor.length > 0 && sessionFactor.length <= BLOCK_LENGTH[algorithm], "the session factor fits one block");
    const type = usage & USAGE_TYPE_MASK;
    await this.#levels.find(`session:${algorithm}:${type}:${keyId}`, use.factors, (factors) => {
      const data = concat(...factors, zeroFill(sessionFactor, BLOCK_LENGTH[algorithm]));
      return this.#module.send({ cla: 0xbf, ins: 0xde, p1: (factors.length << USAGE_LEVEL_SHIFT) | type, p2: keyId, data }, limits);
    });
  }
}

function socialDirectory(algorithm: CardAlgorithm): ModuleApplication {
  return algorithm === "sm4" ? "social-sm4" : "social-3des";
}

/** What both forms of INIT SAM FOR PURCHASE have before the factors; they differ in the amounts. */
function purchaseHead(
  purchase: Pick<PurchaseInitialization, "cardRandom" | "cardSequence" | "type" | "date" | "time" | "keyVersion">,
  { amounts, algorithm }: { readonly amounts: Bytes; readonly algorithm: number },
): Bytes {
  const { cardRandom, cardSequence, type, date, time, keyVersion } = purchase;
  assert(cardRandom.length === 4 && date.length === 4 && time.length === 3, "the purchase fits the command");
  return concat(cardRandom, u16be(cardSequence), amounts, u8(type), date, time, u8(keyVersion), u8(algorithm));
}
