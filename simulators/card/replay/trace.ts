/* Traces are read by the codec that `yikatong card explain` uses too: text is neither the card's nor the terminal's side. */
export { type ApduLog, type ApduLogEntry, parseApduLog } from "../../../device/codec/apdu-log.ts";
