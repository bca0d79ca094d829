/*
 * The e-purse takes a load: its code goes to the host with the bank leg, and the host's code makes the card take the money. Where both codes stand in
 * the message is unconfirmed, and the profile says it. Spec: PBOC purse, INITIALIZE FOR LOAD and CREDIT FOR LOAD; UnionPay terminal, e-purse.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, fromHex, toHex, u16be, u32be } from "../../base/bytes.ts";
import { addFen, type Fen } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { readPublicData, selectPurse } from "../../card/purse/commands.ts";
import { creditLoad, initializeLoad } from "../../card/purse/load.ts";
import type { LoadOpening } from "../../card/purse/load-answers.ts";
import { type LoadEvidence, proveLoad } from "../../card/purse/prove-load.ts";
import { bcdToDate, bcdToTime } from "../../codec/bcd.ts";
import { buildChipData, parseChipData } from "../../codec/iso8583/chip-data.ts";
import type { IsoMessage } from "../../codec/iso8583/types.ts";
import type { RequestValues } from "../acquirer-host/request.ts";
import { countMember, textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { PurseProfile } from "../quick-payment/ports.ts";
import type { CardAccess } from "../quick-payment/purses/dialogue.ts";
import { type ChipAccount, readBankCard } from "./chip.ts";
import type { IdentifyForLoad, LoadCard, LoadFinding, LoadUnusable } from "./load-card.ts";
import type { RecordedLoad } from "./load-record.ts";
import type { BankPorts } from "./ports.ts";
import type { AcquirerProfile } from "./profile.ts";

/** Private objects of field 55, where the profile wants the codes there. */
const PURSE_TAG = 0xdf72;
const HOST_TAG = 0xdf73;
/** Date, time and MAC2. */
const HOST_WORD_BYTES = 11;

/** How this region's purses are loaded. */
export interface PurseLoadParts {
  readonly purse: Pick<PurseProfile, "applications" | "proveSeqOrder">;
  /** Index of the load key. */
  readonly keyIndex: number;
  /** 6 bytes, which only a module that is open can say. Faults: those of the module. */
  readonly terminalNumber: (limits: Limits) => Promise<Bytes>;
  /** Short identifier of the file that holds the loads; left out: EF18. */
  readonly logFile?: number;
}

type Parts = Omit<PurseLoadParts, "terminalNumber"> & {
  readonly terminalNumber: Bytes;
  readonly bank: Pick<BankPorts, "cash" | "reader" | "saleDays" | "clock" | "saleTimes">;
  readonly profile: AcquirerProfile;
};

export function purseForLoad(parts: Parts): IdentifyForLoad {
  return async (access, amount) => {
    const account = await bankAccount(access, parts, amount);
    if (account.kind === "unusable") return account;
    const { channel, limits } = access;
    const selected = await selectPurse(channel, parts.purse.applications, limits());
    if (selected.kind !== "ok") return { kind: "unusable", reason: selected.kind === "no-purse" ? "no-purse" : "application-blocked" };
    const data = await readPublicData(channel, limits());
    if (data.kind !== "ok") return { kind: "unusable", reason: "card-refused" };
    return new PurseCard(access, parts, { account: account.account, serial: data.serial, amount, personal: account.personal });
  };
}

/** The bank's account on the same card. It only names itself: the codes of the purse speak for the load. */
async function bankAccount(access: CardAccess, { bank }: Parts, amount: Fen) {
  const { cash, reader, clock, saleTimes, saleDays } = bank;
  const { date, time } = saleTimes.next(clock.wallMs());
  const parts = { cash, interface: reader.interface === "contact" ? "contact" : "contactless" } as const;
  const days = saleDays === undefined ? {} : { days: saleDays() };
  const card = await readBankCard(access, parts, { amount, transactionType: "60", saleTime: { date, time }, ...days });
  return card.kind === "ok" ? ({ kind: "ok", account: card.account, personal: card.personal } as const) : card;
}

interface Named {
  readonly account: ChipAccount;
  readonly serial: string;
  readonly amount: Fen;
  readonly personal: JsonObject;
}

class PurseCard implements LoadCard {
  readonly kind = "ok";
  readonly business = "purse-load";
  readonly name: string;
  readonly account: string;
  readonly personal: JsonObject;
  readonly #access: CardAccess;
  readonly #parts: Parts;
  readonly #named: Named;
  #opening: LoadOpening | undefined;
  #host: { readonly date: Bytes; readonly time: Bytes; readonly mac2: Bytes } | undefined;

  constructor(access: CardAccess, parts: Parts, named: Named) {
    this.#access = access;
    this.#parts = parts;
    this.#named = named;
    this.name = named.serial;
    this.account = named.account.number;
    this.personal = { ...named.personal, cardSerial: named.serial };
  }

  async open(): Promise<{ readonly kind: "opened"; readonly detail: JsonObject } | LoadUnusable> {
    const { channel, limits } = this.#access;
    const { keyIndex, terminalNumber } = this.#parts;
    const opening = await initializeLoad(channel, { keyIndex, amount: this.#named.amount, terminalNumber }, limits());
    if (opening.kind === "refused") return { kind: "unusable", reason: "card-refused" };
    this.#opening = opening;
    const { balance, onlineSequence, keyVersion, algorithm, cardRandom } = opening;
    const detail = { terminalNumber: toHex(terminalNumber), balanceBeforeFen: balance, onlineSequence, keyVersion, algorithm, cardRandom: toHex(cardRandom) };
    return { kind: "opened", detail };
  }

  values(): Partial<RequestValues> {
    const { number, sequence, expiry } = this.#named.account;
    const word = this.#word();
    const inChip = this.#parts.profile.purseLoad?.layout === "field-55";
    return {
      account: number,
      entry: this.#parts.bank.reader.interface === "contact" ? "chip" : "chip-by-radio",
      ...(sequence === undefined ? {} : { cardSequence: sequence }),
      ...(expiry === undefined ? {} : { expiry }),
      ...(inChip ? { chipData: buildChipData([[PURSE_TAG, word]]) } : { parameters: word }),
    };
  }

  /** Serial, terminal, balance, online sequence, key, algorithm, random number, MAC1. */
  #word(): Bytes {
    assert(this.#opening !== undefined, "the load was opened");
    const { balance, onlineSequence, keyVersion, algorithm, cardRandom, mac1 } = this.#opening;
    const head = concat(fromHex(this.#named.serial), this.#parts.terminalNumber, u32be(balance), u16be(onlineSequence));
    return concat(head, Uint8Array.of(keyVersion, algorithm), cardRandom, mac1);
  }

  accept(reply: IsoMessage): JsonObject | undefined {
    const word = this.#parts.profile.purseLoad?.layout === "field-55" ? chipObject(reply.fields.get(55)) : reply.fields.get(62);
    if (!(word instanceof Uint8Array) || word.length !== HOST_WORD_BYTES) return undefined;
    const [date, time] = [bcdToDate(word.slice(0, 4)), bcdToTime(word.slice(4, 7))];
    if (!date.ok || !time.ok) return undefined;
    this.#host = { date: word.slice(0, 4), time: word.slice(4, 7), mac2: word.slice(7) };
    return { creditDate: date.date, creditTime: time.time };
  }

  async credit(): Promise<LoadFinding> {
    assert(this.#host !== undefined && this.#opening !== undefined, "the host has given its code");
    const proof = await creditLoad(this.#access.channel, this.#host, this.#access.limits());
    if (proof.kind === "refused") return { word: { kind: "not-loaded" }, detail: { statusWord: proof.statusWord.toString(16).padStart(4, "0") } };
    const balanceAfterFen = addFen(this.#opening.balance, this.#named.amount);
    return { word: { kind: "loaded" }, detail: { proof: "answer", tac: toHex(proof.tac), balanceAfterFen } };
  }

  async prove(load: RecordedLoad): Promise<LoadFinding> {
    if (textMember(load.personal, "cardSerial") !== this.name) return { word: { kind: "another-card" }, detail: {} };
    const { channel, limits } = this.#access;
    const { keyIndex, purse, logFile } = this.#parts;
    const intent = {
      purse: "e-purse",
      terminalNumber: textMember(load.detail, "terminalNumber"),
      date: textMember(load.detail, "creditDate"),
      time: textMember(load.detail, "creditTime"),
      amount: load.amount,
      onlineSequence: countMember(load.detail, "onlineSequence") ?? 0,
    } as const;
    const request = { intent, keyIndex, proveSeqOrder: purse.proveSeqOrder, ...(logFile === undefined ? {} : { logFile }) };
    return finding(await proveLoad(channel, request, limits()));
  }
}

function chipObject(field: IsoMessage["fields"] extends ReadonlyMap<number, infer Value> ? Value | undefined : never): Bytes | undefined {
  const parsed = field instanceof Uint8Array ? parseChipData(field) : undefined;
  return parsed?.ok === true ? parsed.data.objects.get(HOST_TAG) : undefined;
}

/** What neither log nor counter decides goes to the host with every proof that the card gave: it checks the TAC. */
function finding(evidence: LoadEvidence): LoadFinding {
  switch (evidence.kind) {
    case "loaded":
      return { word: { kind: "loaded" }, detail: { proof: evidence.proof, ...(evidence.proof === "log" ? { tac: toHex(evidence.tac) } : {}) } };
    case "not-loaded":
      return { word: { kind: "not-loaded" }, detail: {} };
    case "undecidable":
      return {
        word: { kind: "undecidable", why: evidence.why },
        detail: { proofs: evidence.proofs.map(({ sequence, tac }) => ({ sequence, tac: toHex(tac) })) },
      };
  }
}
