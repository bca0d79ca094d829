/* SHA-1, which the RSA certificates of bank cards are made with. Written out here, because simulators take nothing from the device that they judge. */
import { type Bytes, concat, u32be } from "../../device/base/bytes.ts";

const BLOCK = 64;

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

/** 80 00 … and the length in bits in the last eight bytes. */
function padded(message: Bytes): Bytes {
  const zeros = (BLOCK * 2 - 9 - (message.length % BLOCK)) % BLOCK;
  const bits = message.length * 8;
  return concat(message, Uint8Array.of(0x80), new Uint8Array(zeros), u32be(Math.floor(bits / 2 ** 32)), u32be(bits % 2 ** 32));
}

function scheduleOf(block: Bytes): readonly number[] {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK);
  const words = Array.from({ length: 16 }, (_, at) => view.getUint32(at * 4));
  const word = (at: number): number => words[at] ?? 0;
  for (let at = 16; at < 80; at += 1) words.push(rotate(word(at - 3) ^ word(at - 8) ^ word(at - 14) ^ word(at - 16), 1));
  return words;
}

type State = readonly [number, number, number, number, number];

function mixed(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function absorb(state: State, block: Bytes): State {
  let [a, b, c, d, e] = state;
  for (const [round, word] of scheduleOf(block).entries()) {
    const next = (rotate(a, 5) + mixed(round, b, c, d) + e + word) >>> 0;
    [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
  }
  const [a0, b0, c0, d0, e0] = state;
  return [(a0 + a) >>> 0, (b0 + b) >>> 0, (c0 + c) >>> 0, (d0 + d) >>> 0, (e0 + e) >>> 0];
}

/** 20 bytes. */
export function sha1(...parts: readonly Bytes[]): Bytes {
  const message = padded(concat(...parts));
  let state: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let at = 0; at < message.length; at += BLOCK) state = absorb(state, message.subarray(at, at + BLOCK));
  return concat(...state.map((word) => u32be(word)));
}
