/* Bent frames of the FE board. */
import { fromHex } from "../../base/bytes.ts";
import { frameReaderContract } from "../contract/frame-reader-contract.ts";
import { FeFrameReader } from "./frame.ts";

frameReaderContract("FE board", {
  makeReader: () => new FeFrameReader(),
  valid: fromHex("fe8101000000ab"),
  others: ["fe8001000000ab", "fe8102000000ab", "fe4401000000ab", "fe1000010000ab"].map((hex) => fromHex(hex)),
  heldMax: 6,
  shortestBytes: 7,
});
