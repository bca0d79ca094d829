/*
 * Commands that change not the money but the application: blocks and PINs. Each carries a MAC that begins with a challenge of the card and
 * is made by whoever holds the key: the security module or the host, never this process. Spec: PBOC purse, secure messaging.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY, fromHex, u8 } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk, triesLeft } from "../../codec/apdu.ts";
import type { CardChannel, ModuleCommandMac, PinChangeTemplate, PinOutcome, PinTemplate, TransitPsam } from "../../drivers/ports.ts";
import { exchange, exchangeDecisive } from "../dialogue.ts";
import type { CardRefusal } from "./types.ts";

const CHALLENGE_LENGTH = 4;
const MAC_LENGTH = 4;

/** What is signed. */
export interface SigningRequest {
  /** 4 bytes of the card, which begin the chain of the MAC. */
  readonly challenge: Bytes;
  /** CLA INS P1 P2 Lc, where Lc counts the MAC, and the data before the MAC; not padded. */
  readonly command: Bytes;
}

/** Whoever holds the key of a card's maintenance commands: the security module in the terminal, or the host over the network. */
export interface CommandSigner {
  /** The 4-byte MAC. Faults: those of the module's channel or of the host; none of them has touched the card. */
  sign(request: SigningRequest, limits: Limits): Promise<Bytes>;
}

/** The transit module as a signer for one card. Spec: JT/T 978, PSAM. */
export function moduleSigner(psam: TransitPsam, card: Pick<ModuleCommandMac, "factors" | "algorithm">): CommandSigner {
  return { sign: (request, limits) => psam.commandMac({ ...card, ...request }, limits) };
}

/** What came of a signed command. */
export type SignedAnswer =
  | { readonly kind: "ok" }
  /** The card did not accept the MAC. It counts such failures where the key protects a PIN. */
  | { readonly kind: "wrong-mac"; readonly triesLeft?: number }
  /** The key of this command is locked after too many failures. */
  | { readonly kind: "key-locked" }
  | CardRefusal;

interface SignedCommand {
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Bytes;
}

/** Sends a command with secure messaging: challenge, MAC, command. Faults of the last step alone may have unknown effect. */
async function sendSigned(channel: CardChannel, signed: SignedCommand & { readonly signer: CommandSigner }, limits: Limits): Promise<SignedAnswer> {
  const { ins, p1, p2, data, signer } = signed;
  const challenge = await beforehand(exchange(channel, command("00 84 00 00", { le: CHALLENGE_LENGTH }), limits));
  if (!isOk(challenge.sw)) return { kind: "refused", statusWord: challenge.sw };
  if (challenge.data.length !== CHALLENGE_LENGTH) throw new Fault("card-answer-malformed", "GET CHALLENGE: not 4 bytes", { effectUnknown: false });
  const header = Uint8Array.of(0x84, ins, p1, p2);
  const mac = await beforehand(signer.sign({ challenge: challenge.data, command: concat(header, u8(data.length + MAC_LENGTH), data) }, limits));
  assert(mac.length === MAC_LENGTH, "a MAC has 4 bytes");
  const { sw } = await exchangeDecisive(channel, { cla: 0x84, ins, p1, p2, data: concat(data, mac) }, limits);
  return signedAnswer(sw);
}

/** Until the command itself is on its way nothing has happened, whatever a channel says of its own exchange. */
async function beforehand<Value>(step: Promise<Value>): Promise<Value> {
  try {
    return await step;
  } catch (fault) {
    if (!isFault(fault) || !fault.effectUnknown) throw fault;
    throw new Fault(fault.code, fault.message, { effectUnknown: false, cause: fault });
  }
}

/** 9302 and 6988 both stand for a wrong MAC; 63Cx counts it. Spec: PBOC purse, secure messaging. */
function signedAnswer(sw: number): SignedAnswer {
  const left = triesLeft(sw);
  if (isOk(sw)) return { kind: "ok" };
  if (sw === 0x6983 || left === 0) return { kind: "key-locked" };
  if (left !== undefined) return { kind: "wrong-mac", triesLeft: left };
  return sw === 0x6988 || sw === 0x9302 ? { kind: "wrong-mac" } : { kind: "refused", statusWord: sw };
}

/**
 * APPLICATION BLOCK: the selected application pays no more, until it is unblocked ("temporary") or for good ("permanent"). After a fault
 * with unknown effect a SELECT tells: it answers "blocked". Spec: PBOC purse, APPLICATION BLOCK.
 */
export function blockApplication(
  channel: CardChannel,
  options: { readonly duration: "temporary" | "permanent"; readonly signer: CommandSigner },
  limits: Limits,
): Promise<SignedAnswer> {
  return sendSigned(channel, { ins: 0x1e, p1: 0x00, p2: options.duration === "permanent" ? 0x01 : 0x00, data: EMPTY, signer: options.signer }, limits);
}

/**
 * APPLICATION UNBLOCK, for an application that is blocked for a time. The SELECT before it answers "blocked" and selects all the same.
 * Spec: PBOC purse, APPLICATION UNBLOCK.
 */
export function unblockApplication(channel: CardChannel, options: { readonly signer: CommandSigner }, limits: Limits): Promise<SignedAnswer> {
  return sendSigned(channel, { ins: 0x18, p1: 0x00, p2: 0x00, data: EMPTY, signer: options.signer }, limits);
}

/** Lengths of an enciphered PIN: one block of triple DES or of SM4. */
const SEALED_PIN_LENGTHS: readonly number[] = [8, 16];

/**
 * PIN UNBLOCK: a new PIN, enciphered by the host under the card's unlock key, which this process neither has nor needs.
 * Spec: PBOC purse, PIN UNBLOCK.
 */
export function unblockPin(
  channel: CardChannel,
  options: { readonly keyId: number; readonly sealedPin: Bytes; readonly signer: CommandSigner },
  limits: Limits,
): Promise<SignedAnswer> {
  assert(SEALED_PIN_LENGTHS.includes(options.sealedPin.length), "an enciphered PIN is one block");
  return sendSigned(channel, { ins: 0x24, p1: options.keyId, p2: 0x00, data: options.sealedPin, signer: options.signer }, limits);
}

/** The purse's own PIN. Spec: PBOC purse, VERIFY. */
export const PURSE_PIN_TEMPLATE: PinTemplate = { header: fromHex("00200000"), coding: "bcd-f", minDigits: 4, maxDigits: 12 };
/** Spec: PBOC purse, CHANGE PIN. */
export const PURSE_PIN_CHANGE_TEMPLATE: PinChangeTemplate = {
  header: fromHex("805e0100"),
  coding: "bcd-f",
  minDigits: 4,
  maxDigits: 12,
  separator: Uint8Array.of(0xff),
};

/**
 * Hardware that can present a reloaded PIN: RELOAD PIN carries the new PIN in the clear with a MAC over it, so that digits and command
 * must come together outside this process, in a pad that reaches the host's security module by itself.
 */
export interface PinReloader {
  /** Presents header ‖ Lc ‖ PIN ‖ MAC to the card. Faults: those of a PIN verifier. */
  reloadOnCard(channel: CardChannel, template: PinTemplate, limits: Limits): Promise<PinOutcome>;
}

/** RELOAD PIN through hardware that can do it; a terminal without any says "not-possible". Spec: PBOC purse, RELOAD PIN. */
export async function reloadPin(
  channel: CardChannel,
  options: { readonly keyId: number; readonly reloader: PinReloader | undefined },
  limits: Limits,
): Promise<PinOutcome | { readonly kind: "not-possible" }> {
  const { keyId, reloader } = options;
  if (reloader === undefined) return { kind: "not-possible" };
  return reloader.reloadOnCard(channel, { ...PURSE_PIN_TEMPLATE, header: concat(Uint8Array.of(0x80, 0x5e, 0x00), u8(keyId)) }, limits);
}
