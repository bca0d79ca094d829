/* One slot as the reader handler sees it: presence, power, planned fates, and the keypad of a part-10 reader. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u32be } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { type HolderAct, ScriptedHolder } from "../pinpad/holder.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { FrameCutter, frame } from "./frames.ts";
import { parseModifyRequest, parseVerifyRequest } from "./part10.ts";
import { ReaderSlot } from "./slot.ts";

const suite = openCipherSuite();
const SELECT = "0401" + "00A4040008A00000063201010500";
const SELECT_SSSE = "0401" + "00A404000F7378312E73682EC9E7BBE1B1A3D5CF00";
const FEATURES = "05" + "42000d48";
/** Six digits in three bytes, 30 s. */
const VERIFY = "05" + "42330006" + "1E0F8103000606020104080000000008000000" + "0020000003FFFFFF";

function bench() {
  const clock = new VirtualClock(0);
  let changes = 0;
  const slot = new ReaderSlot(clock, () => {
    changes += 1;
  });
  const card = makeTestCard(suite, { balanceFen: 1_000, algorithm: "sm4", pin: "123456" });
  const ask = async (hex: string) => toHex(await clock.resolve(slot.serve(fromHex(hex))));
  return { clock, slot, card, ask, changes: () => changes };
}

async function powered() {
  const parts = bench();
  parts.slot.insert(parts.card);
  await parts.ask("01");
  return parts;
}

describe("a crowded field", () => {
  it("has a card that does not answer its reset, until the others have left", async () => {
    const { slot, card, ask } = await powered();
    slot.crowd([makeTestCard(suite, { balanceFen: 1, algorithm: "sm4", serial: 2 })]);
    expect([await ask("06"), await ask("01"), await ask(SELECT)]).toEqual(["0001", "05", "02"]);
    slot.crowd([]);
    expect(await ask("01")).toMatch(/^003b/);
    expect(card.powered).toBe(true);
  });
});

describe("modelled times", () => {
  it("pass before and after the card acts, and at its power-up", async () => {
    const { clock, slot, card, ask } = bench();
    slot.setTiming({ exchange: (command, answer) => command.length * 2 + answer.length, powerUpMs: () => 7 });
    slot.insert(card);
    await ask("01");
    expect(clock.monotonicMs()).toBe(7);
    const answer = await ask(SELECT);
    expect(clock.monotonicMs()).toBe(7 + fromHex(SELECT).length * 2 - 4 + answer.length / 2 - 1);
  });

  it.each([
    ["the debit's first half", 3, "03"],
    ["its second half", 13, "03"],
  ])("leave room for the card to go in %s", async (_name, afterMs, rc) => {
    const { clock, slot, card, ask } = bench();
    slot.insert(card);
    await ask("01");
    slot.setTiming({ exchange: (_command, answer) => (answer.length > 0 ? 20 : 10), powerUpMs: () => 0 });
    void clock.sleep(afterMs).then(() => slot.remove());
    expect(await ask(SELECT)).toBe(rc);
  });
});

describe("a watcher", () => {
  it("hears of insertions and of each command before its fate is decided", async () => {
    const { slot, card, ask } = bench();
    const heard: string[] = [];
    slot.setWatch((event) => {
      heard.push(`${event.kind} ${event.number}`);
      if (event.kind === "command" && event.number === 2) slot.plan({ fate: "tear", at: 3 });
    });
    slot.insert(card);
    await ask("01");
    expect([await ask(SELECT), await ask(SELECT)].map((answer) => answer.slice(0, 2))).toEqual(["00", "03"]);
    slot.insert(card);
    await ask("01");
    await ask(SELECT);
    expect(heard).toEqual(["insertion 1", "command 1", "command 2", "insertion 2", "command 1"]);
  });
});

describe("presence and power", () => {
  it.each([
    ["01", "03"],
    ["02", "03"],
    ["03", "00"],
    [SELECT, "03"],
    ["06", "0000"],
    ["0701", "03"],
  ])("an empty slot answers %s with %s", async (request, expected) => {
    expect(await bench().ask(request)).toBe(expected);
  });

  it.each([
    ["06", "0001"],
    ["01", "003b6d00000081544c538660990100000001"],
    ["0701", "00"],
    ["03", "00"],
    ["09", "04"],
  ])("a slot with a card answers %s with %s", async (request, expected) => {
    const { slot, card, ask } = bench();
    slot.insert(card);
    expect(await ask(request)).toBe(expected);
  });

  it("a mute card gives a power error, an unpowered one a time-out", async () => {
    const { slot, card, ask } = bench();
    slot.insert(card);
    expect(await ask(SELECT)).toBe("02");
    expect(slot.card).toBe(card);
    card.setFaults({ mute: true });
    slot.insert(card);
    expect(await ask("01")).toBe("05");
  });

  it("reports every change and counts operations", async () => {
    const { slot, card, ask, changes } = bench();
    slot.insert(card);
    await ask("06");
    slot.remove();
    await ask("06");
    expect(changes()).toBe(2);
    expect(slot.counts()).toMatchObject({ presence: 2, transmit: 0, powerUp: 0 });
  });
});

describe("planned fates", () => {
  it("a tear takes the card out", async () => {
    const { slot, ask } = await powered();
    slot.plan({ fate: "tear", at: "before", commandPrefix: "805c" });
    expect((await ask(SELECT)).slice(-4)).toBe("9000");
    expect(await ask("0401805C000204")).toBe("03");
    expect(slot.card).toBeUndefined();
  });

  it.each(["before", "after"] as const)("an error of the reader %s the command is one answer only", async (at) => {
    const { slot, ask } = await powered();
    slot.plan({ fate: "error", rc: 1, at, skip: 1 });
    expect((await ask(SELECT)).slice(-4)).toBe("9000");
    expect(await ask(SELECT)).toBe("01");
    expect((await ask(SELECT)).slice(-4)).toBe("9000");
  });

  it("a hang lasts until the card goes, or the slot is released", async () => {
    for (const [end, expected] of [
      ["remove", "03"],
      ["release", "02"],
    ] as const) {
      const { clock, slot } = await powered();
      slot.plan({ fate: "hang" });
      const hanging = slot.serve(fromHex(SELECT));
      await clock.runUntil(clock.monotonicMs() + 1_000_000);
      slot[end]();
      expect(toHex(await clock.resolve(hanging))).toBe(expected);
    }
  });

  it("an answer of a former insertion is dropped", async () => {
    const { clock, slot, card } = await powered();
    slot.plan({ fate: "slow", extraMs: 500 });
    const slow = slot.serve(fromHex(SELECT));
    await clock.runUntil(clock.monotonicMs() + 100);
    slot.remove();
    slot.insert(card);
    card.powerUp();
    expect(toHex(await clock.resolve(slow))).toBe("03");
  });
});

describe("the keypad", () => {
  async function withHolder(acts: readonly HolderAct[], timeoutMs?: number) {
    const parts = await powered();
    parts.slot.setKeypad({ holder: new ScriptedHolder(acts), keyingMs: 2_000, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    await parts.ask(SELECT_SSSE);
    return parts;
  }

  it("is in the feature list only where there is one", async () => {
    const { slot, ask } = await powered();
    expect(await ask(FEATURES)).toBe("000a044233000a120442330012");
    expect(await ask(VERIFY)).toBe("04");
    slot.setKeypad({ holder: new ScriptedHolder([]), keyingMs: 0 });
    expect(await ask(FEATURES)).toBe("000604423300060704423300070a044233000a120442330012");
    expect(await ask("054233000A")).toBe("0000000700");
    expect(await ask("0542330012")).toBe("00060104070110");
    expect(await ask("0542009999")).toBe("04");
    expect(await ask("0542")).toBe("04");
  });

  it.each<[string, HolderAct, string]>([
    ["right digits", { kind: "enters", digits: "123456" }, "009000"],
    ["wrong digits", { kind: "enters", digits: "000000" }, "0063c2"],
    ["too few digits", { kind: "enters", digits: "12345" }, "006401"],
    ["cancel", { kind: "cancels" }, "006401"],
    ["nothing", { kind: "walks-away" }, "006400"],
  ])("%s", async (_, act, expected) => {
    const { clock, ask } = await withHolder([act]);
    const start = clock.monotonicMs();
    expect(await ask(VERIFY)).toBe(expected);
    expect(clock.monotonicMs() - start).toBe(act.kind === "walks-away" ? 30_000 : 2_000);
  });

  it("gives up when the card goes during entry", async () => {
    const { clock, slot } = await withHolder([{ kind: "enters", digits: "123456" }]);
    const entry = slot.serve(fromHex(VERIFY));
    await clock.runUntil(clock.monotonicMs() + 500);
    slot.remove();
    expect(toHex(await clock.resolve(entry))).toBe("03");
  });

  it.each([
    ["nothing", ""],
    ["no template", VERIFY.slice(10, 48)],
    ["ASCII digits", VERIFY.slice(10).replace("1E0F81", "1E0F82")],
    ["an inserted length", VERIFY.slice(10).replace("8103000606", "8103010606")],
    ["more digits than room", VERIFY.slice(10).replace("8103000606", "8103000706")],
    ["least above most", VERIFY.slice(10).replace("8103000606", "8103000407")],
    ["a wrong data length", VERIFY.slice(10).replace("08000000" + "0020", "09000000" + "0020")],
    ["Lc that does not fit", VERIFY.slice(10).replace("0020000003", "0020000004")],
  ])("refuses a structure with %s", async (_, structure) => {
    const { ask } = await withHolder([]);
    expect(parseVerifyRequest(fromHex(structure))).toBeUndefined();
    expect(await ask(`0542330006${structure}`)).toBe("006b80");
  });
});

describe("a change of the PIN", () => {
  /** Six digits each, the old one asked for, the new one twice. */
  const MODIFY = "1E0F8103000004060603020304080001020000000C000000" + "805E010007FFFFFFFFFFFFFF";
  const enters = (digits: string): HolderAct => ({ kind: "enters", digits });

  async function changed(acts: readonly HolderAct[], structure = MODIFY) {
    const { slot, card, ask } = await powered();
    slot.setKeypad({ holder: new ScriptedHolder(acts), keyingMs: 1_000 });
    await ask(SELECT_SSSE);
    return { answer: await ask(`0542330007${structure}`), card };
  }

  it("presents old and new digits to the card, which takes them", async () => {
    const { answer, card } = await changed([enters("123456"), enters("135790"), enters("135790")]);
    expect([answer, card.pinDigits]).toEqual(["009000", "135790"]);
  });

  it.each<readonly [string, readonly HolderAct[], string]>([
    ["a wrong old PIN", [enters("111111"), enters("135790"), enters("135790")], "0063c2"],
    ["two new ones that differ", [enters("123456"), enters("135790"), enters("135791")], "006402"],
    ["too few digits", [enters("123456"), enters("1357"), enters("1357")], "006401"],
    ["a holder who cancels at the second entry", [enters("123456"), { kind: "cancels" }], "006401"],
    ["a holder who walks away", [enters("123456"), enters("135790"), { kind: "walks-away" }], "006400"],
  ])("leaves the PIN as it is with %s", async (_, acts, expected) => {
    const { answer, card } = await changed(acts);
    expect([answer, card.pinDigits]).toEqual([expected, "123456"]);
  });

  it.each([
    ["no template", MODIFY.slice(0, 48)],
    ["ASCII digits", MODIFY.replace("1E0F81", "1E0F82")],
    ["a place beyond the command", MODIFY.replace("810300000406", "810300000506")],
    ["a wrong data length", MODIFY.replace("0C000000805E", "0D000000805E")],
    ["an inserted length", MODIFY.replace("8103000004", "8103010004")],
    ["more digits than room", MODIFY.replace("04060603", "04070603")],
  ])("refuses a structure with %s", async (_, structure) => {
    const { answer, card } = await changed([enters("123456"), enters("135790"), enters("135790")], structure);
    expect([answer, card.pinDigits]).toEqual(["006b80", "123456"]);
  });

  it("no bytes make the parser throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        parseModifyRequest(bytes);
        parseVerifyRequest(bytes);
      }),
    );
  });
});

describe("frames", () => {
  it("are found again however the stream is cut", () => {
    const stream = concat(frame(fromHex("0100")), frame(fromHex("06")), frame(fromHex("AABBCC")));
    for (let size = 1; size <= stream.length; size += 1) {
      const cutter = new FrameCutter();
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += size) found.push(...(cutter.push(stream.slice(at, at + size)) ?? []).map(toHex));
      expect(found).toEqual(["0100", "06", "aabbcc"]);
    }
  });

  it.each([0, 70_001, 0xffff_ffff])("a length of %i is none of ours", (length) => {
    expect(new FrameCutter().push(u32be(length))).toBeUndefined();
  });
});
