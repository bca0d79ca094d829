/* The agency as services of the card use it: questions with ids, keys of its machine, and its word about a card. Spec: agency/v1, 4. */
import { fromHex, toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { KeyHolder } from "../../card/social/key-holders.ts";
import type { PinReloadService } from "../../card/social/pin.ts";
import type { SocialIdentity } from "../../card/social/types.ts";
import type { AgencyReply, AgencyRequest } from "../agency/client.ts";
import { drawAgencyId } from "../agency/open.ts";
import { textMember } from "../journal/members.ts";
import type { JsonObject } from "../journal/types.ts";
import type { CardServicePorts } from "./ports.ts";

const HEX = /^(?:[0-9a-f]{2})+$/i;

export function drawId({ randomness }: Pick<CardServicePorts, "randomness">): string {
  return drawAgencyId(randomness);
}

/** Asks under the id of the request. Without an agency nothing was sent. Never rejects. */
export async function askAgency(ports: Pick<CardServicePorts, "agency">, request: AgencyRequest, limits: Limits): Promise<AgencyReply> {
  return ports.agency === undefined ? { kind: "not-sent", reason: "agency-not-connected" } : ports.agency.ask(request, limits);
}

/** How the agency is told which card it is. */
export function cardMember({ cardIdentifier, cardNumber }: Pick<SocialIdentity, "cardIdentifier" | "cardNumber">): JsonObject {
  return { cardIdentifier, cardNumber };
}

/** What the agency's key machine needs to make the card's own keys. */
export function cardKeysMember({ algorithm, factors }: Pick<SocialIdentity, "algorithm" | "factors">): JsonObject {
  return { algorithm, factors: factors.map(toHex) };
}

/** What a pad gave: the new PIN, enciphered. */
export interface PadBlock {
  readonly block: Uint8Array;
  readonly keyCheckValue: Uint8Array;
}

export interface Authorized {
  readonly authorization: string;
  readonly operator: string;
  /** With "pad-block": what the holder has chosen. */
  readonly padBlock?: PadBlock;
}

/** Keys of the agency's machine under one authorization, each use a request of its own. Faults: "host-absent", "host-answer-malformed", "key-missing". */
export function agencyKeys(
  ports: Pick<CardServicePorts, "agency" | "randomness">,
  { authorization, operator, padBlock }: Authorized,
): KeyHolder & PinReloadService {
  const use = async (input: JsonObject, member: string, limits: Limits) => {
    const request = { service: "key-use", id: drawId(ports), operator, input: { authorization, ...input } } as const;
    return answeredBytes(await askAgency(ports, request, limits), member);
  };
  return {
    authenticationData: ({ key, sessionFactor, raw }, limits) =>
      use({ use: "proof", key, sessionFactor: toHex(sessionFactor), data: toHex(raw) }, "proof", limits),
    commandMac: ({ key, challenge, input }, limits) => use({ use: "mac", key, sessionFactor: toHex(challenge), data: toHex(input) }, "mac", limits),
    reloadCommand: ({ challenge }, limits) => {
      const pad = padBlock === undefined ? { data: "" } : { data: toHex(padBlock.block), padKeyCheck: toHex(padBlock.keyCheckValue) };
      return use({ use: "reload-command", key: "stk-ssse", sessionFactor: toHex(challenge), ...pad }, "command", limits);
    },
  };
}

function answeredBytes(reply: AgencyReply, member: string): Uint8Array {
  if (reply.kind === "refused") throw new Fault("key-missing", `the agency does not use its key: ${reply.reason}`, { effectUnknown: false });
  // A use of a key changes nothing anywhere: without its result the card was told nothing.
  if (reply.kind !== "ok") throw new Fault("host-absent", `no answer to a use of a key: ${reply.reason}`, { effectUnknown: false });
  const value = textMember(reply.output, member);
  if (!HEX.test(value)) throw new Fault("host-answer-malformed", `a use of a key gave no ${member}`, { effectUnknown: false });
  return fromHex(value);
}
