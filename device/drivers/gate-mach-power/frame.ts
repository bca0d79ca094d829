/*
 * Frames of Mach Power boards, which go one way only: five bytes.
 *
 *   EB | address | command | 00 | check
 *
 * The check byte is the XOR of everything before it. The papers print a wrong one for two commands that open nothing; what is sent is always the
 * right one. Spec: gate Mach Power, commands.
 */
import { assert } from "../../base/assert.ts";
import { type Bytes, concat, u8 } from "../../base/bytes.ts";

const START = 0xeb;

const OPENINGS = { left: 0x40, right: 0x41 } as const;

export type MachPowerSide = keyof typeof OPENINGS;

/** The command that opens one side for one passage. */
export function encodeOpening({ address, side }: { readonly address: number; readonly side: MachPowerSide }): Bytes {
  assert(Number.isInteger(address) && address >= 0 && address <= 0xff, "an address is a byte");
  const body = concat(u8(START), u8(address), u8(OPENINGS[side]), u8(0));
  return concat(body, u8(body.reduce((total, byte) => total ^ byte, 0)));
}
