/* Bent answers of the Newland pad. */
import { fromHex } from "../../base/bytes.ts";
import { frameReaderContract } from "../contract/frame-reader-contract.ts";
import { encodeNewlandFrame, NewlandAnswerReader } from "./frame.ts";

frameReaderContract("Newland pad", {
  makeReader: () => {
    const reader = new NewlandAnswerReader();
    reader.expect(0x83, 8);
    return reader;
  },
  valid: encodeNewlandFrame(0x83, fromHex("a1b2c3d4e5f60718")),
  others: ["03017674", "03017775", "d500d5", "d60101d6", "8408a1b2c3d4e5f6071880"].map((hex) => fromHex(hex)),
  heldMax: 10,
  shortestBytes: 4,
});
