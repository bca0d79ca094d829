/*
 * What a module tells of a key when it is asked, and nobody pays. A session key is delivered for factors of zeros, which changes nothing in the module: the
 * number of factors that it takes is the key's level, and what the session makes of zeros proves the key to whoever holds its root. That a host has such
 * a check value is unconfirmed. Spec: LD/T 32.9, DELIVERY SESSION KEY, CIPHER DATA.
 */
import { type Bytes, concat, EMPTY, u8 } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { command, isOk } from "../../codec/apdu.ts";
import type { CardProfile } from "../../codec/card-profile.ts";
import type { ModuleKeyPlace, ToldKey } from "../../drivers/ports.ts";
import { BLOCK_LENGTH } from "../keys/block-mac.ts";
import { encipherBlocks, type ModuleSession, macBlocks } from "./cipher.ts";
import { LEVELS, LOCKED, OTHER_LEVEL, refusedByModule } from "./levels.ts";
import type { SecurityModule } from "./module.ts";

const FACTOR = new Uint8Array(8);
const LEVEL_SHIFT = 5;
const MAC_TYPE = 0x06;

export interface KeyQuestion {
  readonly place: ModuleKeyPlace;
  readonly profile: Pick<CardProfile, "psamLevels" | "psamKeyCheck">;
  /** The module's terminal number: its first byte is the province whose keys are meant. */
  readonly number: Bytes;
}

/** The module's social application is selected. Undefined: it has no such key, or it is locked. Faults: those of a channel, "reader-refused". */
export async function tellKey(module: SecurityModule, { place, profile, number }: KeyQuestion, limits: Limits): Promise<ToldKey | undefined> {
  const { algorithm, type, keyId } = place;
  const zeros = new Uint8Array(BLOCK_LENGTH[algorithm]);
  await module.send(command("BF EC 00 00", { data: u8(number[0] ?? 0) }), limits);
  try {
    for (const level of LEVELS[profile.psamLevels]) {
      const data = concat(...Array.from({ length: level }, () => FACTOR), zeros);
      const { sw } = await module.send({ cla: 0xbf, ins: 0xde, p1: (level << LEVEL_SHIFT) | type, p2: keyId, data }, limits);
      if (isOk(sw)) return profile.psamKeyCheck === "off" ? { level } : { level, sample: await sampleOf({ module, algorithm, limits }, type) };
      if (sw === LOCKED) return undefined;
      if (!OTHER_LEVEL.has(sw)) throw refusedByModule(`key ${type}/${keyId}`, sw);
    }
    return undefined;
  } finally {
    // A session that nobody will use is left behind by the next selection.
    module.forgetSelection();
  }
}

function sampleOf(session: ModuleSession, type: number): Promise<Bytes> {
  const zeros = new Uint8Array(BLOCK_LENGTH[session.algorithm]);
  return type === MAC_TYPE ? macBlocks(session, EMPTY, zeros) : encipherBlocks(session, zeros);
}
