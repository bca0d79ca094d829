/*
 * Whoever can use keys of the card without giving them out: the terminal's security module, or a host with its own. The terminal asks
 * them in order, and the first that has the key answers. Only proofs, MACs and enciphered data come out.
 */
import type { Bytes } from "../../base/bytes.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { SocialPsam } from "../../drivers/ports.ts";
import type { CardAlgorithm } from "../keys/block-mac.ts";
import type { SocialKeyName, SocialKeyTable } from "./keys.ts";

const MAC_LENGTH = 4;
const PROOF_LENGTH = 8;

/** The terminal proves to the card that it has a key. */
export interface KeyProof {
  readonly key: SocialKeyName;
  /** 8 bytes: the card's last challenge. */
  readonly sessionFactor: Bytes;
  /** 8 bytes. */
  readonly raw: Bytes;
}

export interface CommandToSign {
  readonly key: SocialKeyName;
  /** 8 bytes: the card's last challenge, of which the session key is made. */
  readonly challenge: Bytes;
  /** What the MAC runs over: header, length (counting the MAC) and data. The purse's own commands leave header and length out. */
  readonly input: Bytes;
}

/** Gives the MAC of a command. Faults: those of a channel or link, "key-missing". */
export interface CommandSigner {
  /** 4 bytes. */
  commandMac(request: CommandToSign, limits: Limits): Promise<Bytes>;
}

/** Gives authentication data for EXTERNAL AUTHENTICATE. Faults: those of a channel or link, "key-missing". */
export interface TerminalProver {
  /** 8 bytes. */
  authenticationData(request: KeyProof, limits: Limits): Promise<Bytes>;
}

export interface KeyHolder extends CommandSigner, TerminalProver {}

/** Which card's keys are meant, in the hierarchy. */
export interface CardKeyPlace {
  readonly algorithm: CardAlgorithm;
  /** Card, city, province. */
  readonly factors: readonly Bytes[];
}

/** The terminal's security module as a holder of this card's keys. */
export function moduleKeys(psam: SocialPsam, card: CardKeyPlace, table: SocialKeyTable): KeyHolder {
  const useOf = (key: SocialKeyName) => {
    const found = table[key]?.inModule;
    if (found === undefined) throw keyMissing(key);
    return { ...found, ...card };
  };
  return {
    async authenticationData({ key, sessionFactor, raw }, limits) {
      return psam.authenticationData({ ...useOf(key), sessionFactor, raw }, limits);
    },
    async commandMac({ key, challenge, input }, limits) {
      return psam.blockMac({ ...useOf(key), sessionFactor: challenge }, input, limits);
    },
  };
}

/** One use of a key in a host's security module. */
export interface HostKeyRequest {
  /** Address of the key there, from the card profile. */
  readonly address: string;
  /** 32 hexadecimal digits. */
  readonly cardIdentifier: string;
  readonly algorithm: CardAlgorithm;
  /** Card, city, province: 8 bytes each. */
  readonly factors: readonly Bytes[];
  readonly sessionFactor: Bytes;
  readonly data: Bytes;
}

/** A host that uses keys for the terminal. Faults: those of a link; "key-missing" when it has no such key. */
export interface HostKeyService {
  /** 4-byte MAC over `data`. */
  mac(request: HostKeyRequest, limits: Limits): Promise<Bytes>;
  /** 8 bytes of authentication data over `data`. */
  authenticationData(request: HostKeyRequest, limits: Limits): Promise<Bytes>;
}

/** A host as a holder of this card's keys: those for which the card profile names an address. */
export function hostKeys(
  service: HostKeyService,
  card: CardKeyPlace & { readonly cardIdentifier: string },
  addresses: CardProfile["hsmKeyAddress"],
): KeyHolder {
  const requestOf = (key: SocialKeyName, sessionFactor: Bytes, data: Bytes): HostKeyRequest => {
    const address = hostKeyAddress(addresses, key);
    if (address === undefined) throw keyMissing(key);
    const { cardIdentifier, algorithm, factors } = card;
    return { address, cardIdentifier, algorithm, factors, sessionFactor, data };
  };
  return {
    async authenticationData({ key, sessionFactor, raw }, limits) {
      return ofLength(await service.authenticationData(requestOf(key, sessionFactor, raw), limits), PROOF_LENGTH);
    },
    async commandMac({ key, challenge, input }, limits) {
      return ofLength(await service.mac(requestOf(key, challenge, input), limits), MAC_LENGTH);
    },
  };
}

const ADDRESS_SHAPE = /^[0-9A-Fa-f]{4}$/;

/** Address of a key in the host's security module: four hexadecimal digits in upper case; undefined where the profile names none. Never throws. */
export function hostKeyAddress(addresses: CardProfile["hsmKeyAddress"], key: SocialKeyName | "dpk"): string | undefined {
  const address = Object.hasOwn(addresses, key) ? addresses[key] : undefined;
  return address !== undefined && ADDRESS_SHAPE.test(address) ? address.toUpperCase() : undefined;
}

/** Asks several holders in order; the next one only when the one before has not the key. */
export function firstWithKey(holders: readonly KeyHolder[]): KeyHolder {
  return {
    authenticationData: (request, limits) => ask(holders, request.key, (holder) => holder.authenticationData(request, limits)),
    commandMac: (request, limits) => ask(holders, request.key, (holder) => holder.commandMac(request, limits)),
  };
}

async function ask(holders: readonly KeyHolder[], key: SocialKeyName, use: (holder: KeyHolder) => Promise<Bytes>): Promise<Bytes> {
  for (const holder of holders) {
    try {
      return await use(holder);
    } catch (error) {
      if (!isFault(error, "key-missing")) throw error;
    }
  }
  throw keyMissing(key);
}

function keyMissing(key: SocialKeyName): Fault {
  return new Fault("key-missing", `nobody here has the key ${key}`, { effectUnknown: false });
}

/** A host's answer of another length is none; nothing has been sent to the card yet. */
function ofLength(answer: Bytes, length: number): Bytes {
  if (answer.length !== length) throw new Fault("host-answer-malformed", `a key's use gave ${answer.length} bytes for ${length}`, { effectUnknown: false });
  return answer;
}
