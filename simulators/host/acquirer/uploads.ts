/* What a terminal tells afterwards: payments that a chip approved offline, and what became of an issuer's script. */
import { toHex } from "../../../device/base/bytes.ts";
import { bookedAnswer, bookRequest } from "./booking.ts";
import { chipDigest, readChip } from "./chip.ts";
import { type BankRequest, type BankService, chipValue, fieldOf, no, yes } from "./request.ts";

const RESPONSE_CODE_TAG = 0x8a;
const SCRIPT_RESULT_TAG = 0xdf31;
const NETWORK_MARK = "CUP";

function markedOffline({ chip, message }: BankRequest): boolean {
  const code = chipValue(chip, RESPONSE_CODE_TAG);
  return code !== undefined && new TextDecoder().decode(code) === "Y1" && fieldOf(message, 63).startsWith(NETWORK_MARK);
}

/** One payment of one chip is booked once; whatever message brings it again, or whatever brings its message number again, is a duplicate: 94. */
export const offlineSale: BankService = (context, request) => {
  const { ledger, suite } = context;
  const { amountFen = 0, place, session, pan } = request;
  if (amountFen <= 0) return no("13");
  if (!markedOffline(request)) return no("30");
  if (ledger.transaction(place) !== undefined) return no("94");
  if (place.batch !== session.batch) return no("77");
  const word = readChip(context, request);
  if (typeof word === "string" || word.verdict !== "approved" || word.amountFen !== amountFen) return no("05");
  const digest = chipDigest(word, pan, (bytes) => toHex(suite.sm3(bytes)));
  if (ledger.offlineBooked(digest)) return no("94");
  return bookedAnswer(bookRequest(context, request, { business: "offline-sale", amountFen, digest }));
};

/** Noted once for each message, where the transaction is one of this terminal's. */
export const scriptResult: BankService = (context, request) => {
  const { ledger, clock } = context;
  const { message, place, chip } = request;
  const [, batch = "", stan = ""] = /^(\d{6})(\d{6})(?:\d{4})?$/.exec(fieldOf(message, 61)) ?? [];
  if (chipValue(chip, SCRIPT_RESULT_TAG) === undefined || batch === "") return no("30");
  if (ledger.transaction({ terminal: place.terminal, batch, stan }) === undefined) return no("25");
  ledger.noteScriptResult(place, { original: `${batch}${stan}`, chip: fieldOf(message, 55), atMs: clock.wallMs() });
  return yes();
};
