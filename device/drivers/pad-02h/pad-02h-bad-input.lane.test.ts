/* Bent frames of the 02h pad, in both codings. */
import { EMPTY, fromHex, utf8 } from "../../base/bytes.ts";
import { frameReaderContract } from "../contract/frame-reader-contract.ts";
import { DEFAULT_PAD_CODING, encodeFrame, type PadCoding, PadFrameReader } from "./frame.ts";

const BINARY: PadCoding = { ...DEFAULT_PAD_CODING, coding: "binary" };

for (const coding of [DEFAULT_PAD_CODING, BINARY]) {
  const isBinary = coding.coding === "binary";
  frameReaderContract(`02h pad, ${coding.coding}`, {
    makeReader: () => new PadFrameReader(coding),
    valid: encodeFrame(coding, 0x04, fromHex("a1b2c3d4e5f60718")),
    others: [
      encodeFrame(coding, 0x04, EMPTY),
      encodeFrame({ ...coding, hexCase: "lower", closes: false }, 0x15, fromHex("31")),
      utf8("******\r"),
      fromHex("2a2a082a1b00"),
    ],
    // In split coding a start is no digit, so that it shows where it stands.
    told: isBinary,
    heldMax: isBinary ? 256 : 513,
    // A key is one byte.
    shortestBytes: 1,
  });
}
