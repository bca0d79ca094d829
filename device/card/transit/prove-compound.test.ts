/* The evidence of a compound purchase: which of both witnesses decides what. */
import { describe, expect, it } from "vitest";
import { equalBytes, fromHex } from "../../base/bytes.ts";
import { fen } from "../../base/fen.ts";
import { PURCHASE_TYPE_COMPOSITE, type PurchaseIntent } from "../purse/types.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import type { CompoundUpdate } from "./compound.ts";
import { type ProveCompoundRequest, proveCompound, type RecordWitness, WITNESS_RECORDS_MAX } from "./prove-compound.ts";

const INTENT: PurchaseIntent = {
  terminalNumber: "990100000042",
  date: "20261121",
  time: "120000",
  type: PURCHASE_TYPE_COMPOSITE,
  amount: fen(0),
  cardSequence: 7,
};
const DATA = "03".repeat(48);
const OTHER = "04".repeat(48);
const ADDED: CompoundUpdate = { file: 0x1e, by: "identifier", record: 0, data: fromHex(DATA) };
const exactly = ({ data, ...place }: CompoundUpdate): RecordWitness => ({ ...place, length: data.length, isThis: (seen) => equalBytes(seen, data) });
const log = (number: number) => `00b2${number.toString(16).padStart(2, "0")}c417`;
const entry = (sequence: number, type = "09", time = "120000") =>
  `${sequence.toString(16).padStart(4, "0")}00000000000000${type}99010000004220261121${time}9000`;
const trip = (number: number) => `00b2${number.toString(16).padStart(2, "0")}f430`;
const prove = (sequence: number) => `805a000902 ${sequence.toString(16).padStart(4, "0")} 08`;
const PROOF = "0102030405060708 9000".replace(" ", "");
type Script = readonly (readonly [string, string])[];

async function evidence(script: Script, request: Partial<ProveCompoundRequest> = { witness: exactly(ADDED) }) {
  const channel = new ScriptedChannel(script);
  const found = await proveCompound(channel, { intent: INTENT, proveSeqOrder: ["log1", "seq", "seq+1"], ...request }, LIMITS);
  expect(channel.done).toBe(true);
  return found;
}

describe("evidence", () => {
  it("the log decides alone where it names the purchase", async () => {
    expect(
      await evidence([
        [log(1), entry(8)],
        [prove(8), PROOF],
      ]),
    ).toMatchObject({ kind: "debited", proof: "log", logSequence: 8 });
  });

  it("the record decides where the card did not log it, with the codes of the higher number", async () => {
    expect(
      await evidence([
        [log(1), entry(6, "09", "110000")],
        [trip(1), `${DATA}9000`],
        [prove(8), PROOF],
      ]),
    ).toEqual({
      kind: "debited",
      proof: "record",
      record: fromHex(DATA),
      codes: { mac2: fromHex("01020304"), tac: fromHex("05060708") },
    });
  });

  it("the lower number is asked for next, and codes may be gone", async () => {
    expect(
      await evidence([
        [log(1), "6a83"],
        [trip(1), `${DATA}9000`],
        [prove(8), "9406"],
        [prove(7), PROOF],
      ]),
    ).toMatchObject({ proof: "record", codes: { tac: fromHex("05060708") } });
    expect(
      await evidence([
        [log(1), "6a83"],
        [trip(1), `${DATA}9000`],
        [prove(8), "9406"],
        [prove(7), "9406"],
      ]),
    ).toEqual({ kind: "debited", proof: "record", record: fromHex(DATA) });
  });

  it("without its sequence no codes are asked for: they might be another purchase's", async () => {
    const { cardSequence: _, ...intent } = INTENT;
    expect(
      await evidence(
        [
          [log(1), "6a83"],
          [trip(1), `${DATA}9000`],
        ],
        { intent, witness: exactly(ADDED) },
      ),
    ).toEqual({ kind: "debited", proof: "record", record: fromHex(DATA) });
  });

  it("later records push it down", async () => {
    expect(
      await evidence([
        [log(1), "6a83"],
        [trip(1), `${OTHER}9000`],
        [trip(2), `${DATA}9000`],
        [prove(8), "9406"],
        [prove(7), "9406"],
      ]),
    ).toMatchObject({
      kind: "debited",
      proof: "record",
    });
  });

  it("neither log nor record: not debited", async () => {
    expect(
      await evidence([
        [log(1), "6a83"],
        [trip(1), `${OTHER}9000`],
        [trip(2), "6a83"],
      ]),
    ).toEqual({ kind: "not-debited" });
    const all = Array.from({ length: WITNESS_RECORDS_MAX }, (_, at) => [trip(at + 1), `${OTHER}9000`] as const);
    expect(await evidence([[log(1), "6a83"], ...all])).toEqual({ kind: "not-debited" });
  });

  it("a record that cannot be read keeps the matter open", async () => {
    expect(
      await evidence([
        [log(1), "6a83"],
        [trip(1), "6982"],
      ]),
    ).toEqual({ kind: "undecidable", why: "log-unreadable" });
  });

  it("a log that cannot be read leaves it to the record", async () => {
    expect(
      await evidence([
        [log(1), "6982"],
        [trip(1), `${DATA}9000`],
        [prove(8), PROOF],
      ]),
    ).toMatchObject({ kind: "debited", proof: "record" });
    expect(
      await evidence([
        [log(1), "6982"],
        [trip(1), "6a83"],
      ]),
    ).toEqual({ kind: "undecidable", why: "log-unreadable", statusWord: 0x6982 });
    expect(
      await evidence([
        [log(1), "6982"],
        [trip(1), "6982"],
      ]),
    ).toEqual({ kind: "undecidable", why: "log-unreadable", statusWord: 0x6982 });
  });

  it("a record in its own place is read there", async () => {
    const byNumber: CompoundUpdate = { file: 0x1a, by: "number", record: 3, data: fromHex("2702ab") };
    expect(
      await evidence(
        [
          [log(1), "6a83"],
          ["00b203d403", "2702ab9000"],
          [prove(8), PROOF],
        ],
        { witness: exactly(byNumber) },
      ),
    ).toMatchObject({ proof: "record" });
    const current: CompoundUpdate = { file: 0x1a, by: "number", record: 0, data: fromHex("2702ab") };
    expect(
      await evidence(
        [
          [log(1), "6a83"],
          ["00b200d403", "2702ac9000"],
        ],
        { witness: exactly(current) },
      ),
    ).toEqual({ kind: "not-debited" });
    const byIdentifier: CompoundUpdate = { file: 0x17, by: "identifier", record: 2, data: fromHex("0201ab") };
    expect(
      await evidence(
        [
          [log(1), "6a83"],
          ["00b202b803", "0201ac9000"],
        ],
        { witness: exactly(byIdentifier) },
      ),
    ).toEqual({ kind: "not-debited" });
  });

  it("without a record to look for the log alone decides", async () => {
    expect(await evidence([[log(1), "6a83"]], {})).toEqual({ kind: "not-debited" });
  });

  it("another type is our own mistake", async () => {
    await expect(evidence([], { intent: { ...INTENT, type: 0x06 } })).rejects.toThrow("own type");
  });
});

describe("counters in the log", () => {
  const plain = (type: number, purse?: "e-purse" | "e-passbook"): PurchaseIntent => ({ ...INTENT, type, ...(purse === undefined ? {} : { purse }) });

  it.each([
    ["an e-purse purchase before a compound one", plain(0x09), "06", {}, "not-debited"],
    ["a passbook purchase before a compound one of the e-purse", plain(0x09), "05", {}, "end"],
    ["a passbook purchase before a compound one of the passbook", plain(0x09, "e-passbook"), "05", {}, "not-debited"],
    ["an e-purse purchase before a compound one of the passbook", plain(0x09, "e-passbook"), "06", {}, "end"],
    ["a compound purchase before one of the same purse", plain(0x09, "e-passbook"), "09", {}, "not-debited"],
    ["a compound purchase before one of the e-purse, whatever the card's are", plain(0x09), "09", { compoundPurse: "e-passbook" }, "not-debited"],
    ["a load", plain(0x09), "02", {}, "end"],
    ["a grey debit", plain(0x09), "94", {}, "end"],
  ] as const)("%s: %s", async (_name, intent, type, more, expected) => {
    // The entry's number is older than the purchase. Where it counts, it ends the search; where it does not, the log is read on.
    const script: Script =
      expected === "end"
        ? [
            [log(1), entry(3, type)],
            [log(2), "6982"],
          ]
        : [[log(1), entry(3, type)]];
    const found = await evidence(script, { intent, ...more });
    expect(found.kind).toBe(expected === "end" ? "undecidable" : expected);
  });
});
