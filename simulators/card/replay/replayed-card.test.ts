/* A recorded card: answers come from the log and from nowhere else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../device/base/bytes.ts";
import { openCipherSuite } from "../../../device/crypto/suite.ts";
import { makeTestCard } from "../make.ts";
import { ReplayedCard, type ReplayOptions } from "./replayed-card.ts";
import { parseApduLog } from "./trace.ts";

const SELECT = "00a4040006d1560000050300";
const LOGS: readonly (readonly [form: string, text: string])[] = [
  ["pairs of APDU and SW", `ATR: 3B 6D 00 00\nAPDU: ${SELECT}\nSW: 6f00 9000\nAPDU: 00 84 00 00 08\nSW: 01 02 03 04 05 06 07 08 90 00\n`],
  ["arrows", `>> ${SELECT}\n<< 6F 00 90 00\n>> 0084000008\n<< 01 02 03 04 05 06 07 08 90 00\n`],
  [
    "lines of pcscd",
    `00000012 APDU: 00 A4 04 00 06 D1 56 00 00 05 03 00 \n00000345 SW: 6F 00 90 00 \n00000012 APDU: 00 84 00 00 08 \n00000345 SW: 01 02 03 04 05 06 07 08 90 00 \n`,
  ],
  ["bare lines in turn", `00 A4 04 00 06 D1 56 00 00 05 03 00\n6F 00 90 00\n00 84 00 00 08\n0102030405060708 9000\n`],
];

function recorded(text: string, options?: ReplayOptions): ReplayedCard {
  const card = new ReplayedCard(parseApduLog(text), options);
  card.powerUp();
  return card;
}

const ask = (card: ReplayedCard, hex: string) => toHex(card.transmit(fromHex(hex)));

describe("a recorded card", () => {
  it.each(LOGS)("answers as the log says, written as %s", (_, text) => {
    const card = recorded(text);
    expect([ask(card, SELECT), ask(card, "0084000008")]).toEqual(["6f009000", "01020304050607089000"]);
    expect(card.notes).toEqual([]);
  });

  it("gives the answer to reset of the log, or a silent one", () => {
    expect(toHex(new ReplayedCard(parseApduLog(LOGS[0]?.[1] ?? "")).powerUp())).toBe("3b6d0000");
    expect(toHex(new ReplayedCard(parseApduLog(LOGS[1]?.[1] ?? "")).powerUp())).toBe("3b80018001");
  });

  it("in strict order refuses what comes too early, too late or never, and says which", () => {
    const card = recorded(LOGS[1]?.[1] ?? "");
    expect(ask(card, "0084000008")).toBe("6f00");
    expect(ask(card, "00b0950000")).toBe("6f00");
    expect(ask(card, SELECT)).toBe("6f009000");
    expect(ask(card, "0084000008")).toBe("01020304050607089000");
    expect(ask(card, "8050000000")).toBe("6f00");
    expect(card.notes).toEqual([
      { header: "00840000", line: 1, because: "out-of-order" },
      { header: "00b09500", line: 1, because: "not-in-log" },
      { header: "80500000", line: undefined, because: "log-ended" },
    ]);
  });

  it("in loose order takes a command where it stands next, and from the beginning again", () => {
    const card = recorded("> 00840000 08\n< 1111 9000\n> 00B0950000\n< AA 9000\n> 0084000008\n< 2222 9000\n", { mode: "loose" });
    expect(["0084000008", "0084000008", "0084000008", "00b0950000"].map((each) => ask(card, each))).toEqual(["11119000", "22229000", "11119000", "aa9000"]);
  });

  it("leaves the reader where the log has no answer", () => {
    const card = recorded("> 8054010000\n");
    expect(ask(card, "8054010000")).toBe("");
    expect(card.powered).toBe(false);
  });

  it("goes on with the log's next power-up, and begins again after the last", () => {
    const card = new ReplayedCard(parseApduLog("ATR 3B 00\n> 0084000004\n< 01 9000\nATR 3F 00\n> 0084000004\n< 02 9000\n"));
    const seen = [1, 2, 3].map(() => [toHex(card.powerUp()), ask(card, "0084000004")]);
    expect(seen).toEqual([
      ["3b00", "019000"],
      ["3f00", "029000"],
      ["3b00", "019000"],
    ]);
  });

  it("says nothing of data: it may be a PIN", () => {
    const card = recorded("> 0084000004\n< 01 9000\n");
    ask(card, "0020000003246813");
    expect(JSON.stringify(card.notes)).not.toContain("246813");
  });

  it("repeats a dialogue with a simulated card byte for byte", () => {
    const card = makeTestCard(openCipherSuite(), { balanceFen: 10_000, algorithm: "sm4" });
    const commands = [SELECT, "00b2812800", "00a4040008a00000063201010500", "805c000204", "00b095001e"];
    const lines = [`ATR ${toHex(card.powerUp())}`];
    const answers = commands.map((command) => toHex(card.transmit(fromHex(command))));
    lines.push(...commands.flatMap((command, at) => [`APDU: ${command}`, `SW: ${answers[at] ?? ""}`]));
    const again = recorded(lines.join("\n"));
    expect(commands.map((command) => ask(again, command))).toEqual(answers);
  });

  it("any text makes a card that answers every command with at least a status word or leaves", () => {
    const line = fc.oneof(fc.string(), fc.stringMatching(/^(APDU:|SW:|>|<|ATR) ?([0-9A-F]{2} ?){0,12}$/));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }), (lines, commands) => {
        const card = recorded(lines.join("\n"), { mode: "loose" });
        for (const command of commands) {
          const answer = card.transmit(command);
          expect(answer.length >= 2 || !card.powered).toBe(true);
        }
      }),
    );
  });
});
