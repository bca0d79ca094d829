/* The simulated Newland pad alone, byte by byte: what its manual demands, and each refusal for its own reason. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex, u8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { encryptBlocks } from "../crypto/blocks.ts";
import type { FarEnd } from "../line/far-end.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { type HolderAct, ScriptedHolder } from "./holder.ts";
import { NEWLAND_TEST_AUTHORIZATION, type NewlandPadFaults, type NewlandPadSettings, SimulatedNewlandPad } from "./newland.ts";
import { clearPinBlock } from "./pin-pad.ts";

const SUITE = openCipherSuite();
const MASTER = fromHex("0123456789ABCDEFFEDCBA9876543210");
const WORK = fromHex("1111111111111111222222222222222A");
const ENTRY = "8312040630303030303132333435363738393031";
const DIRECTORY = "d60101";

/** With its check byte. */
function framed(hex: string): string {
  const body = fromHex(hex);
  return toHex(concat(body, u8(body.reduce((total, byte) => total ^ byte, 0))));
}

function keyFrame(change: { readonly master?: string; readonly work?: string; readonly mode?: string; readonly authorization?: string } = {}): string {
  const { master = "00", work = "01", mode = "92", authorization = NEWLAND_TEST_AUTHORIZATION } = change;
  return `811d${master}${work}${mode}${toHex(encryptBlocks(SUITE, "3des", MASTER, WORK))}0000${authorization}`;
}

function bench(acts: readonly HolderAct[] = [{ kind: "enters", digits: "1234" }], settings: Partial<NewlandPadSettings> = {}) {
  const clock = new VirtualClock(0);
  const said: string[] = [];
  let hear: (bytes: Uint8Array) => void = () => undefined;
  const end: FarEnd = {
    onBytes: (listener) => {
      hear = listener;
    },
    write: (bytes) => said.push(toHex(bytes)),
  };
  const pad = new SimulatedNewlandPad({ clock, suite: SUITE, holder: new ScriptedHolder(acts), settings });
  pad.attach(end);
  /** Sends frames and lets ten seconds pass behind the last. */
  async function say(...frames: readonly string[]): Promise<readonly string[]> {
    said.length = 0;
    for (const frame of frames) hear(fromHex(framed(frame)));
    await clock.resolve(clock.sleep(10_000));
    return [...said];
  }
  return { pad, say, hear: (hex: string) => hear(fromHex(hex)), said, clock };
}

describe("commands", () => {
  it.each<[string, readonly string[], string]>([
    ["reset", ["d500"], "d500d5"],
    ["reset with data", ["d50100"], "550101"],
    ["directory", [DIRECTORY], "d600d6"],
    ["no such directory", ["d60105"], "560131"],
    ["directory without one", ["d600"], "560101"],
    ["key", [DIRECTORY, keyFrame()], `8108${NEWLAND_TEST_AUTHORIZATION}`],
    ["key too short", [DIRECTORY, "810100"], "010101"],
    ["key outside its directory", [keyFrame()], "010161"],
    ["key under a master key that is absent", [DIRECTORY, keyFrame({ master: "05" })], "010161"],
    ["key under no master key's number", [DIRECTORY, keyFrame({ master: "10" })], "010163"],
    ["key for no working key's number", [DIRECTORY, keyFrame({ work: "10" })], "010164"],
    ["key without bit 7", [DIRECTORY, keyFrame({ mode: "12" })], "010162"],
    ["key of no kind", [DIRECTORY, keyFrame({ mode: "90" })], "010162"],
    ["key without bit 4", [DIRECTORY, keyFrame({ mode: "82" })], "010165"],
    ["key with a wrong authorization", [DIRECTORY, keyFrame({ authorization: "00".repeat(8) })], "010108"],
    ["PIN without a key", [DIRECTORY, ENTRY], "030171"],
    ["PIN under a working key that is none for PINs", [DIRECTORY, keyFrame({ mode: "91" }), ENTRY], "030171"],
    ["PIN of three digits", [DIRECTORY, keyFrame(), ENTRY.replace("83120406", "83120306")], "030174"],
    ["PIN of thirteen digits", [DIRECTORY, keyFrame(), ENTRY.replace("83120406", "8312040d")], "030174"],
    ["an unknown command", ["e000"], "6001ff"],
  ])("%s", async (_name, frames, answer) => {
    const { say } = bench();
    const last = (await say(...frames)).at(-1) ?? "";
    expect(last).toBe(answer === "d500d5" || answer === "d600d6" ? answer : framed(answer));
  });

  it("a wrong check byte is refused as such", async () => {
    const { hear, said, clock } = bench();
    hear("d50000");
    await clock.resolve(clock.sleep(1));
    expect(said).toEqual(["55010d59"]);
  });

  it.each<[Partial<NewlandPadFaults>, string]>([
    [{ locked: true }, "03010b"],
    [{ desBroken: true }, "030192"],
  ])("%o", async (faults, answer) => {
    const { pad, say } = bench();
    await say(DIRECTORY, keyFrame());
    pad.setFaults(faults);
    expect(await say(ENTRY)).toEqual([framed(answer)]);
  });
});

describe("a PIN", () => {
  const block = (digits: string) => toHex(encryptBlocks(SUITE, "3des", WORK, clearPinBlock(digits, fromHex("012345678901"), 8)));

  it.each<[string, readonly HolderAct[], string, string]>([
    ["once", [{ kind: "enters", digits: "1234" }], ENTRY, `8308${block("1234")}`],
    ["cancelled", [{ kind: "cancels" }], ENTRY, "030177"],
    ["too long", [{ kind: "enters", digits: "1234567" }], ENTRY, "030177"],
    ["nobody", [{ kind: "walks-away" }], ENTRY, "030176"],
    ["twice", [{ kind: "enters", digits: "1234" }], ENTRY.replace("83", "84"), `8408${block("1234")}`],
    [
      "two that differ",
      [
        { kind: "enters", digits: "1234" },
        { kind: "enters", digits: "4321" },
      ],
      ENTRY.replace("83", "84"),
      "040178",
    ],
  ])("%s", async (_name, acts, entry, answer) => {
    const { say } = bench(acts);
    await say(DIRECTORY, keyFrame());
    expect(await say(entry)).toEqual([framed(answer)]);
  });

  it.each([
    [false, ["d500d5"]],
    [true, ["d500d5", framed("030177")]],
  ])("while it asks it hears nothing but a reset; the ended entry is answered: %s", async (answersEndedEntry, answers) => {
    const { say } = bench([{ kind: "walks-away" }], { answersEndedEntry });
    await say(DIRECTORY, keyFrame());
    expect([...(await say(ENTRY, DIRECTORY, "d500"))].sort()).toEqual([...answers].sort());
  });
});

describe("a maker's further commands", () => {
  const EXTRA = { nlpp60Extra: { random: 0xd2, cancel: 0xd3 } } as const;

  it("a key is authorized by the last random number, once", async () => {
    const { say } = bench([], EXTRA);
    const [answer = ""] = await say("d200");
    const authorization = toHex(encryptBlocks(SUITE, "3des", MASTER, fromHex(answer).slice(2, 10)));
    expect((await say(DIRECTORY, keyFrame({ authorization }))).at(-1)).toBe(framed(`8108${authorization}`));
    expect(await say(keyFrame({ authorization }))).toEqual([framed("010108")]);
  });

  it("an entry is ended by its own command", async () => {
    const { say, pad } = bench([{ kind: "walks-away" }], EXTRA);
    const authorization = toHex(encryptBlocks(SUITE, "3des", MASTER, fromHex((await say("d200"))[0] ?? "").slice(2, 10)));
    await say(DIRECTORY, keyFrame({ authorization }));
    expect(await say(ENTRY, "d300")).toEqual(["d300d3"]);
    expect(pad.asks).toBe(false);
  });
});
