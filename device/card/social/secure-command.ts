/*
 * Commands that change the card under a MAC: a challenge, the MAC of whoever has the key, the command, and an answer in which a refusal
 * is told from one that leaves open what happened. Spec: LD/T 32.4, 9; LD/T 32.7, 15 (secure messaging).
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { type CommandApdu, formatStatusWord, isOk, triesLeft } from "../../codec/apdu.ts";
import type { CardChannel } from "../../drivers/ports.ts";
import { exchangeDecisive } from "../dialogue.ts";
import { drawChallenge } from "./authentication.ts";
import type { CommandSigner } from "./key-holders.ts";
import type { SocialKeyName } from "./keys.ts";

const MAC_LENGTH = 4;

/** Status words by which the card says that it has changed nothing; above all 65xx (memory trouble) is not among them. */
const REFUSALS: ReadonlySet<number> = new Set([
  0x6700, 0x6901, 0x6981, 0x6982, 0x6983, 0x6984, 0x6985, 0x6986, 0x6987, 0x6988, 0x6a80, 0x6a81, 0x6a82, 0x6a83, 0x6a84, 0x6a86, 0x6a88, 0x6b00, 0x6d00,
  0x6e00, 0x9302, 0x9303,
]);

export type ChangeAnswer = { readonly kind: "ok" } | { readonly kind: "refused"; readonly statusWord: number };

/** A command with its data, before the MAC is put behind it. `cla` has bit 3 set, which says that there is a MAC. */
export interface CommandToSecure {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data?: Bytes;
}

/**
 * Sends a command with its MAC. Faults: those of the channel and of the signer; an answer that leaves the matter open is
 * "card-answer-malformed" with unknown effect.
 */
export async function sendSecured(
  channel: CardChannel,
  { apdu, key, signer }: { readonly apdu: CommandToSecure; readonly key: SocialKeyName; readonly signer: CommandSigner },
  limits: Limits,
): Promise<ChangeAnswer> {
  const challenge = await drawChallenge(channel, limits);
  if ("kind" in challenge) return challenge;
  const mac = await signer.commandMac({ key, challenge, input: macInput(apdu) }, limits);
  assert(mac.length === MAC_LENGTH, "a signer gives four bytes");
  return sendChange(channel, { ...apdu, data: concat(apdu.data ?? EMPTY, mac) }, limits);
}

/** What the MAC of a command runs over: its header, its length with the MAC counted, its data. Spec: LD/T 32.4, 9. */
export function macInput({ cla, ins, p1, p2, data = EMPTY }: CommandToSecure): Bytes {
  return concat(Uint8Array.of(cla, ins, p1, p2, data.length + MAC_LENGTH), data);
}

/** Sends a command that changes the card. Faults as those of {@link sendSecured}. */
export async function sendChange(channel: CardChannel, apdu: CommandApdu, limits: Limits): Promise<ChangeAnswer> {
  const { sw, executed } = await exchangeDecisive(channel, apdu, limits);
  if (isOk(sw)) return { kind: "ok" };
  if (!executed && (REFUSALS.has(sw) || triesLeft(sw) !== undefined)) return { kind: "refused", statusWord: sw };
  throw new Fault("card-answer-malformed", `a change of the card was answered by ${formatStatusWord(sw)}, which leaves open what happened`, {
    effectUnknown: true,
  });
}
