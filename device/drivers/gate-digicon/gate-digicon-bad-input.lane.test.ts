/* Bent frames of the Digicon board. */
import { fromHex } from "../../base/bytes.ts";
import { frameReaderContract } from "../contract/frame-reader-contract.ts";
import { DigiconFrameReader } from "./frame.ts";

frameReaderContract("Digicon board", {
  makeReader: () => new DigiconFrameReader(),
  valid: fromHex("0202001a1a"),
  others: ["0202000606", "0202001515", "0202001b1b", "0203004c4805"].map((hex) => fromHex(hex)),
  heldMax: 7,
  shortestBytes: 5,
});
