/*
 * CIPHER DATA: enciphers, or makes MACs, under the session key that the module holds. One command carries at most eight blocks, so
 * longer data is chained; a MAC begins with its initial vector as a block of its own. Spec: LD/T 32.9, CIPHER DATA.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, EMPTY } from "../../base/bytes.ts";
import type { Limits } from "../../base/ports.ts";
import { isOk } from "../../codec/apdu.ts";
import { malformed } from "../dialogue.ts";
import { BLOCK_LENGTH, type CardAlgorithm, padAlways } from "../keys/block-mac.ts";
import { refusedByModule } from "./levels.ts";
import type { SecurityModule } from "./module.ts";

const ENCIPHER_LAST = 0x00;
const MAC_LAST = 0x01;
const ENCIPHER_MORE = 0x02;
const MAC_NEXT = 0x03;
const MAC_SINGLE = 0x05;
const MAC_FIRST = 0x07;
/** 40h bytes with 8-byte blocks, 80h with 16-byte blocks. */
const BLOCKS_PER_COMMAND = 8;
const MAC_LENGTH = 4;
/** Longest data of one MAC before its padding. */
const MAC_DATA_MAX = 240;
/** Longest data enciphered under one session key: what a short APDU could carry on. */
const CIPHER_DATA_MAX = 240;

/** A module whose session key has been delivered, and the cipher of that key. */
export interface ModuleSession {
  readonly module: SecurityModule;
  readonly algorithm: CardAlgorithm;
  readonly limits: Limits;
}

/** Enciphers whole blocks, each by itself. The session key ends with the last part. Faults: those of the module, "reader-refused". */
export async function encipherBlocks(session: ModuleSession, data: Bytes): Promise<Bytes> {
  const block = BLOCK_LENGTH[session.algorithm];
  assert(data.length > 0 && data.length <= CIPHER_DATA_MAX && data.length % block === 0, "whole blocks are enciphered");
  const parts = partsOf(data, block);
  let enciphered: Bytes = EMPTY;
  for (const [at, part] of parts.entries()) {
    const answer = await cipher(session, at === parts.length - 1 ? ENCIPHER_LAST : ENCIPHER_MORE, { data: part, answerLength: part.length });
    enciphered = concat(enciphered, answer);
  }
  return enciphered;
}

/** 4-byte MAC over `data`, padded here, chained from `vector`. The session key ends with the last part. Faults: those of the module, "reader-refused". */
export async function macBlocks(session: ModuleSession, data: Bytes, vector: Bytes): Promise<Bytes> {
  const block = BLOCK_LENGTH[session.algorithm];
  assert(data.length <= MAC_DATA_MAX && vector.length === block, "the data fits one MAC, the vector one block");
  const parts = partsOf(concat(vector, padAlways(data, block)), block);
  for (const [at, part] of parts.slice(0, -1).entries()) {
    await cipher(session, at === 0 ? MAC_FIRST : MAC_NEXT, { data: part, answerLength: undefined });
  }
  const last = parts.at(-1) ?? EMPTY;
  return cipher(session, parts.length === 1 ? MAC_SINGLE : MAC_LAST, { data: last, answerLength: MAC_LENGTH });
}

function partsOf(data: Bytes, block: number): readonly Bytes[] {
  const length = block * BLOCKS_PER_COMMAND;
  return Array.from({ length: Math.ceil(data.length / length) }, (_, at) => data.slice(at * length, (at + 1) * length));
}

async function cipher(
  { module, limits }: ModuleSession,
  use: number,
  { data, answerLength }: { readonly data: Bytes; readonly answerLength: number | undefined },
): Promise<Bytes> {
  const answer = await module.send({ cla: 0x80, ins: 0xfa, p1: use, p2: 0x00, data, le: answerLength }, limits);
  if (!isOk(answer.sw)) throw refusedByModule("CIPHER DATA", answer.sw);
  if (answer.data.length !== (answerLength ?? 0)) throw malformed("CIPHER DATA");
  return answer.data;
}
