/*
 * The card's own PIN: verified and changed through hardware that keeps the digits, unblocked and set anew by commands that a host has
 * signed. No digit of it is ever here. Spec: LD/T 32.7, VERIFY, CHANGE PIN, PIN UNBLOCK, PIN RELOAD.
 */
import { type Bytes, fromHex } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk, parseCommand, triesLeft } from "../../codec/apdu.ts";
import type { CardChannel, PinChangeOutcome, PinChanger, PinChangeTemplate, PinOutcome, PinTemplate, PinVerifier } from "../../drivers/ports.ts";
import { exchange } from "../dialogue.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";
import { drawChallenge, proveTerminal } from "./authentication.ts";
import type { KeyHolder } from "./key-holders.ts";
import type { SocialKeyTable } from "./keys.ts";
import { type ChangeAnswer, sendChange, sendSecured } from "./secure-command.ts";
import type { PinState } from "./types.ts";

/** The card's own PIN: 2 to 8 bytes of digits. Spec: LD/T 32.7, VERIFY. */
export const CARD_PIN_TEMPLATE: PinTemplate = { header: fromHex("00200000"), coding: "bcd-f", minDigits: 4, maxDigits: 16 };

/** Old digits, FF, new digits, both in the clear between reader and card. Spec: LD/T 32.7, CHANGE PIN. */
export const CARD_PIN_CHANGE_TEMPLATE: PinChangeTemplate = { ...CARD_PIN_TEMPLATE, header: fromHex("805e0100"), separator: fromHex("ff") };

/** Asks whether a PIN is set; the counter of tries does not move. Spec: LD/T 32.7, VERIFY. */
export async function queryPinState(channel: CardChannel, limits: Limits): Promise<PinState> {
  // An empty VERIFY has Lc = 00, which travels like Le = 256.
  const { sw } = await exchange(channel, command("00 20 00 00", { le: 256 }), limits);
  if (isOk(sw)) return { kind: "none" };
  const left = triesLeft(sw);
  if (sw === 0x6983 || left === 0) return { kind: "locked" };
  return left === undefined ? { kind: "refused", statusWord: sw } : { kind: "set", triesLeft: left };
}

/** What became of the PIN as a condition: also that none is set, or that nobody may be asked. */
export type PinCondition = PinOutcome | { readonly kind: "none-set" } | { readonly kind: "not-allowed" };

/**
 * Has the holder's PIN verified where one is set. A card whose PIN is locked is not offered another try. `ask` is the hardware that takes
 * the digits, with the time that the holder has. Faults: those of the channel and of the hardware.
 */
export async function verifyPin(
  channel: CardChannel,
  ask: { readonly verifier: PinVerifier; readonly limits: Limits } | undefined,
  limits: Limits,
): Promise<PinCondition> {
  const state = await queryPinState(channel, limits);
  if (state.kind === "none") return { kind: "none-set" };
  if (state.kind !== "set") return state;
  return ask === undefined ? { kind: "not-allowed" } : ask.verifier.verifyOnCard(channel, CARD_PIN_TEMPLATE, ask.limits);
}

/** Has the holder change the PIN. "none-set": there is no old one to begin from. `limits` of `ask` are the holder's time, the others bound a command. */
export async function changePin(
  channel: CardChannel,
  ask: { readonly changer: PinChanger; readonly limits: Limits },
  limits: Limits,
): Promise<PinChangeOutcome | { readonly kind: "none-set" }> {
  const state = await queryPinState(channel, limits);
  if (state.kind === "none") return { kind: "none-set" };
  if (state.kind !== "set") return state;
  return ask.changer.changeOnCard(channel, CARD_PIN_CHANGE_TEMPLATE, ask.limits);
}

/** "puk-locked": too many wrong signatures have locked the key itself; no signature will help any more. */
export type UnblockAnswer = ChangeAnswer | { readonly kind: "puk-locked" };

/** Gives the old PIN its tries back: PIN UNBLOCK under the PUK, which only a host has. Faults: those of the channel and of the host; "key-missing". */
export async function unblockPin(channel: CardChannel, keys: Pick<KeyHolder, "commandMac">, limits: Limits): Promise<UnblockAnswer> {
  const apdu = { cla: 0x84, ins: 0x24, p1: 0x00, p2: 0x00 };
  return pukAnswer(await sendSecured(channel, { apdu, key: "puk", signer: keys }, limits));
}

function pukAnswer(answer: ChangeAnswer): UnblockAnswer {
  return answer.kind === "refused" && answer.statusWord === 0x6983 ? { kind: "puk-locked" } : answer;
}

/** What a host needs to make the command of PIN RELOAD: the new PIN came to it by a way of its own, enciphered. */
export interface PinReloadRequest {
  readonly algorithm: CardAlgorithm;
  /** 8 bytes: the card's last challenge, of which both session keys are made. */
  readonly challenge: Bytes;
}

/** A host that makes the whole command 84 24 00 01 with the enciphered PIN and its MAC. Faults: those of a link; "key-missing". */
export interface PinReloadService {
  reloadCommand(request: PinReloadRequest, limits: Limits): Promise<Bytes>;
}

/** "host-command-malformed": what the host gave is not this command, and was not sent to the card. */
export type ReloadAnswer = UnblockAnswer | { readonly kind: "proof-refused"; readonly statusWord: number } | { readonly kind: "host-command-malformed" };

export interface PinReload {
  readonly algorithm: CardAlgorithm;
  /** Who proves the PUK to the card. */
  readonly keys: KeyHolder;
  readonly keyTable: SocialKeyTable;
  readonly service: PinReloadService;
}

const PUK_ON_CARD = 0x06;
/** Enciphered PIN (one block) and MAC. Spec: LD/T 32.7, PIN RELOAD. */
const RELOAD_LENGTH: Readonly<Record<CardAlgorithm, number>> = { "3des": 8 + 4, sm4: 16 + 4 };

/**
 * Sets a new PIN: the terminal proves the PUK with the host's help, then passes the host's command through as it is. The command is
 * looked at from outside alone (header and length), so that no other command reaches the card under this name.
 */
export async function reloadPin(channel: CardChannel, reload: PinReload, limits: Limits): Promise<ReloadAnswer> {
  const { algorithm, keys, keyTable, service } = reload;
  const onCard = keyTable.puk?.onCard ?? PUK_ON_CARD;
  const proved = await proveTerminal(channel, { onCard, proof: (values) => keys.authenticationData({ key: "puk", ...values }, limits) }, limits);
  if (proved !== "authentic") {
    return proved.statusWord === 0x6983 ? { kind: "puk-locked" } : { kind: "proof-refused", statusWord: proved.statusWord };
  }
  const challenge = await drawChallenge(channel, limits);
  if ("kind" in challenge) return challenge;
  const apdu = parseCommand(await service.reloadCommand({ algorithm, challenge }, limits));
  if (!apdu.ok || !isReload(apdu.command, algorithm)) return { kind: "host-command-malformed" };
  return pukAnswer(await sendChange(channel, apdu.command, limits));
}

function isReload(
  { cla, ins, p1, p2, data }: { readonly cla: number; readonly ins: number; readonly p1: number; readonly p2: number; readonly data: Bytes },
  algorithm: CardAlgorithm,
): boolean {
  return cla === 0x84 && ins === 0x24 && p1 === 0x00 && p2 === 0x01 && data.length === RELOAD_LENGTH[algorithm];
}
