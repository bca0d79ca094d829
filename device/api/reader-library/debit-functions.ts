/*
 * iDoDebit and iReadDebitRecord. A debit is a sale of the terminal: its intent is durable before the card is asked, and what is not decided is
 * found again. The caller names no sale, so that card, amounts and time name it: the same call is the same sale. Spec: LD/T 33; LD/T 32.5, 7.
 */
import { toHex, utf8 } from "../../base/bytes.ts";
import { formatYuan } from "../../base/fen.ts";
import type { Limits } from "../../base/ports.ts";
import { readMedicalLog, selectMedical } from "../../card/medical-purse/commands.ts";
import { MEDICAL_LOG_RECORDS_MAX } from "../../card/medical-purse/prove-sale.ts";
import type { MedicalLogEntry } from "../../card/medical-purse/types.ts";
import { hostKeyAddress } from "../../card/social/key-holders.ts";
import { verifyPin } from "../../card/social/pin.ts";
import { countMember, textMember } from "../../txn/journal/members.ts";
import type { JsonObject } from "../../txn/journal/types.ts";
import { saleMark } from "../../txn/quick-payment/record.ts";
import { mergedDetail } from "../../txn/recovery/recover.ts";
import { ALGORITHM_DIGITS } from "./basic-data.ts";
import { type CardAtDesk, type CardDesk, isAnswer } from "./card-desk.ts";
import type { LibraryAnswer, LibraryCall } from "./functions.ts";
import { answerOf, answerOfPin, answerOfUnpaid, OWN_RESULT, RESULT, statusResult } from "./numbers.ts";
import { amountDigits, type CardInfo, joinFields, type PayInfo, parseCardInfo, parsePayInfo } from "./strings.ts";

const APPLICATION_BLOCKED = 0x9303;
const REFERENCE_DIGITS = 40;

/** The name of a sale whose caller gives it none. Nothing of the card can be read from it. */
function referenceOf({ ports }: CardDesk, { cardIdentifier, cardNumber }: CardInfo, { account, selfPay, pooled, time }: PayInfo): string {
  const words = [cardIdentifier, cardNumber, account, selfPay, pooled, time].join("|");
  return `driver-${toHex(ports.suite.sm3(utf8(words))).slice(0, REFERENCE_DIGITS)}`;
}

/** Debits the account on the card. `signal` gives it up while no card is there. Never touches the card by itself, but to see that it is the right one. */
export async function debit(
  desk: CardDesk,
  { numbers, texts, operator }: LibraryCall & { readonly operator: string },
  signal: AbortSignal,
): Promise<LibraryAnswer> {
  const { ports, bounds, provider } = desk;
  const card = parseCardInfo(texts.cardInfo);
  if (card === undefined) return answerOf(RESULT.identifierMalformed);
  const pay = parsePayInfo(texts.payInfo);
  if (pay === undefined) return answerOf(RESULT.parameterWrong);
  const reference = referenceOf(desk, card, pay);
  // A sale that the journal knows already is answered from there, whatever lies in the reader now.
  const known = await ports.journal.mark(saleMark(reference));
  const wrong = known === undefined ? await lookAtCard(desk, { iType: numbers.iType, cardInfo: texts.cardInfo }, signal) : desk.wrongType(numbers.iType);
  if (wrong !== undefined) return wrong;
  const { account, selfPay, pooled } = pay;
  const purse = { kind: "medical-purse", selfPay, pooled, cardIdentifier: card.cardIdentifier } as const;
  const outcome = await ports.sell({ reference, amount: account, purse, operator }, { timeoutMs: bounds.saleTimeoutMs, signal });
  if (outcome.kind !== "paid") return answerOfUnpaid(outcome, provider);
  // Paid and durable: whatever keeps that from being told, the same call tells it.
  return desk.faultsAsNumbers("surely", async () => {
    const output = debitOutput(desk, mergedDetail(await ports.journal.entriesOf(outcome.subject)), outcome.amount);
    return output === undefined ? answerOf(OWN_RESULT.notDecided) : answerOf(RESULT.done, output);
  });
}

/** The module first, so that its absence has its own number; then the card. Undefined: both are as they should be. */
async function lookAtCard(
  desk: CardDesk,
  { iType, cardInfo }: { readonly iType: number; readonly cardInfo: string },
  signal: AbortSignal,
): Promise<LibraryAnswer | undefined> {
  const look = async (card: CardAtDesk) => {
    const module = await desk.module(card.limits);
    if (module === undefined) return answerOf(RESULT.noModule);
    const found = await desk.nameThis(card, cardInfo);
    if (isAnswer(found)) return found;
    // Also whether the module is still there, which a sale would only say in the words of any sale.
    return (await desk.proves(found, module)) ?? answerOf(RESULT.done);
  };
  const answer = await desk.faultsAsNumbers("nothing", () => desk.withCard(iType, signal, look));
  return answer.result === RESULT.done ? undefined : answer;
}

/** Everything that goes into the TAC, and the TAC: algorithm, key address, figures, type, terminal, its sequence, time, TAC. */
function debitOutput(desk: CardDesk, detail: JsonObject, account: number): string | undefined {
  const { ports, provider } = desk;
  const figures = provider.debitFigures === "all" ? [account, countMember(detail, "selfPayFen") ?? 0, countMember(detail, "pooledFen") ?? 0] : [account];
  const algorithm = textMember(detail, "socialAlgorithm") === "sm4" ? ALGORITHM_DIGITS.sm4 : ALGORITHM_DIGITS["3des"];
  return joinFields([
    algorithm,
    hostKeyAddress(ports.cardProfile.hsmKeyAddress, "dpk") ?? "",
    desk.hexadecimal(amountDigits(figures)),
    textMember(detail, "type"),
    textMember(detail, "terminalNumber"),
    desk.hexadecimal((countMember(detail, "terminalSeq") ?? 0).toString(16).padStart(8, "0")),
    `${textMember(detail, "date")}${textMember(detail, "time")}`,
    desk.hexadecimal(textMember(detail, "tac")),
  ]);
}

/** One record of the card's log as its fields. */
export function logFields({ sequence, typeByte, terminalNumber, date, time, account, selfPay, pooled }: MedicalLogEntry): readonly string[] {
  return [String(sequence), typeByte.toString(16).padStart(2, "0"), terminalNumber, `${date}${time}`, ...[account, selfPay, pooled].map(formatYuan)];
}

/** iReadDebitRecord: the card's log of its medical account, the newest first, each record one field with carets inside. */
export async function readDebitRecords(desk: CardDesk, card: CardAtDesk): Promise<LibraryAnswer> {
  const found = await desk.name(card);
  if (isAnswer(found)) return found;
  const { channel, limits } = card;
  const opened = await openLog(desk, card);
  if (opened !== undefined) return opened;
  const fields: string[] = [];
  for (let number = 1; number <= MEDICAL_LOG_RECORDS_MAX; number += 1) {
    const answer = await readMedicalLog(channel, { number, logMode: desk.ports.cardProfile.medicalLogMode }, limits);
    if (answer.kind === "no-record") break;
    if (answer.kind === "refused") return answerOf(statusResult(answer.statusWord));
    fields.push(logFields(answer.entry).join("^"));
  }
  return answerOf(RESULT.done, fields.map((field) => `${field}|`).join(""));
}

/** The log opens after the PIN, where one is set. Undefined: it is open. */
async function openLog({ ports, bounds, provider }: CardDesk, { channel, limits }: CardAtDesk): Promise<LibraryAnswer | undefined> {
  const keypad: Limits = { ...limits, timeoutMs: bounds.pinTimeoutMs };
  const condition = await verifyPin(channel, ports.pin === undefined ? undefined : { verifier: ports.pin, limits: keypad }, limits);
  if (condition.kind !== "verified" && condition.kind !== "none-set") return answerOfPin(condition, provider);
  const selected = await selectMedical(channel, limits);
  switch (selected.kind) {
    case "ok":
      return undefined;
    case "no-medical-purse":
      return answerOf(RESULT.cardTypeWrong);
    case "blocked":
      return answerOf(statusResult(APPLICATION_BLOCKED));
    case "refused":
      return answerOf(statusResult(selected.statusWord));
  }
}
