import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { type CommandApdu, command } from "./apdu.ts";
import { EXCHANGE_ROUNDS_MAX, exchangeApdu, type Transmit } from "./apdu-exchange.ts";

/** A card that expects exactly these commands and answers each with what stands beside it. */
function scripted(script: readonly (readonly [command: string, response: string])[]): { readonly transmit: Transmit; readonly rest: () => number } {
  const open = [...script];
  return {
    transmit: (bytes) => {
      const [expected, response] = open.shift() ?? ["nothing", "", "too-short"];
      expect(toHex(bytes)).toBe(expected);
      return Promise.resolve(fromHex(response));
    },
    rest: () => open.length,
  };
}

const SELECT = command("00a40400", { data: fromHex("3f00"), le: 256 });
const FULL = "ab".repeat(256);

const EXCHANGES: readonly (readonly [name: string, first: CommandApdu, script: readonly (readonly [string, string])[], data: string, sw: number])[] = [
  ["answered at once", SELECT, [["00a40400023f0000", "aabb9000"]], "aabb", 0x9000],
  ["refused at once", SELECT, [["00a40400023f0000", "6a82"]], "", 0x6a82],
  [
    "61: the rest is fetched",
    SELECT,
    [
      ["00a40400023f0000", "6102"],
      ["00c0000002", "aabb9000"],
    ],
    "aabb",
    0x9000,
  ],
  [
    "6100: 256 bytes are fetched",
    SELECT,
    [
      ["00a40400023f0000", "6100"],
      ["00c0000000", `${FULL}9000`],
    ],
    FULL,
    0x9000,
  ],
  [
    "61 with data: both parts count",
    SELECT,
    [
      ["00a40400023f0000", "aa6101"],
      ["00c0000001", "bb9000"],
    ],
    "aabb",
    0x9000,
  ],
  [
    "61 twice",
    SELECT,
    [
      ["00a40400023f0000", "6101"],
      ["00c0000001", "aa6101"],
      ["00c0000001", "bb6283"],
    ],
    "aabb",
    0x6283,
  ],
  [
    "6C: the command again with the right length",
    command("00b20104", { le: 256 }),
    [
      ["00b2010400", "6c02"],
      ["00b2010402", "aabb9000"],
    ],
    "aabb",
    0x9000,
  ],
  [
    "6C00: the command again with 256",
    command("00b20104", { le: 1 }),
    [
      ["00b2010401", "6c00"],
      ["00b2010400", `${FULL}9000`],
    ],
    FULL,
    0x9000,
  ],
  [
    "6C keeps the data of the command",
    SELECT,
    [
      ["00a40400023f0000", "6c01"],
      ["00a40400023f0001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "6C to a command without Le",
    command("80500000"),
    [
      ["80500000", "6c01"],
      ["8050000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "6C inside a chain repeats GET RESPONSE",
    SELECT,
    [
      ["00a40400023f0000", "6105"],
      ["00c0000005", "6c02"],
      ["00c0000002", "aabb9000"],
    ],
    "aabb",
    0x9000,
  ],
  [
    "61 after 6C",
    command("00b20104", { le: 256 }),
    [
      ["00b2010400", "6c05"],
      ["00b2010405", "6101"],
      ["00c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "logical channel is kept",
    command("02b20104", { le: 256 }),
    [
      ["02b2010400", "6101"],
      ["02c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "secure messaging and chaining bits are not",
    command("1fb20104", { le: 256 }),
    [
      ["1fb2010400", "6101"],
      ["03c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "the first class beyond the bound names no channel",
    command("20b20104", { le: 256 }),
    [
      ["20b2010400", "6101"],
      ["00c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "nor does a later one",
    command("21b20104", { le: 256 }),
    [
      ["21b2010400", "6101"],
      ["00c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  [
    "proprietary class",
    command("80500102", { data: fromHex("01"), le: 15 }),
    [
      ["8050010201010f", "6101"],
      ["00c0000001", "aa9000"],
    ],
    "aa",
    0x9000,
  ],
  ["another 6x word with a count is no chain", SELECT, [["00a40400023f0000", "63c2"]], "", 0x63c2],
];

describe("exchangeApdu", () => {
  it.each(EXCHANGES)("%s", async (_name, first, script, data, sw) => {
    const card = scripted(script);
    expect(await exchangeApdu(card.transmit, first)).toEqual({ data: fromHex(data), sw });
    expect(card.rest()).toBe(0);
  });

  it.each([
    ["nothing", "", "too-short"],
    ["one byte", "90", "too-short"],
    ["a status word that is none", "0000", "status-word-invalid"],
    ["257 bytes of data", `${"00".repeat(257)}9000`, "too-long"],
    ["data beside 6Cxx", "aa6c01", "data beside 6C01"],
  ])("an answer of %s is malformed, effect unknown", async (_name, response, what) => {
    const fault = await exchangeApdu(() => Promise.resolve(fromHex(response)), SELECT).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: "card-answer-malformed", effectUnknown: true, message: `answer of the card: ${what}` });
  });

  it.each([["6101"], ["aa6101"], ["6c01"], ["6100"]])("a card that always says %s is given up, effect unknown", async (response) => {
    let sent = 0;
    const fault = await exchangeApdu(() => {
      sent += 1;
      return Promise.resolve(fromHex(response));
    }, SELECT).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: "card-chain-too-long", effectUnknown: true, message: "no end of the answer after 32 commands" });
    expect(sent).toBe(EXCHANGE_ROUNDS_MAX);
  });

  it("an answer that ends in the last allowed round counts", async () => {
    let sent = 0;
    const transmit: Transmit = () => {
      sent += 1;
      return Promise.resolve(fromHex(sent < EXCHANGE_ROUNDS_MAX ? "aa6101" : "aa9000"));
    };
    const response = await exchangeApdu(transmit, SELECT);
    expect(response).toEqual({ data: new Uint8Array(EXCHANGE_ROUNDS_MAX).fill(0xaa), sw: 0x9000 });
  });

  it("faults of the channel pass through unchanged", async () => {
    const removed = new Fault("card-removed", "no card", { effectUnknown: true });
    await expect(exchangeApdu(() => Promise.reject(removed), SELECT)).rejects.toBe(removed);
  });
});
