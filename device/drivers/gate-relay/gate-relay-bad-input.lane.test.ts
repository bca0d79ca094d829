/* Bent frames of a relay board. */
import { fromHex } from "../../base/bytes.ts";
import { frameReaderContract } from "../contract/frame-reader-contract.ts";
import { ModbusAnswerReader } from "./frame.ts";

frameReaderContract("relay board", {
  makeReader: () => new ModbusAnswerReader(1),
  valid: fromHex("01050000ff008c3a"),
  others: ["010500000000cdca", "0105020000078db0", "018502c351", "010101005188"].map((hex) => fromHex(hex)),
  heldMax: 8,
  shortestBytes: 5,
});
