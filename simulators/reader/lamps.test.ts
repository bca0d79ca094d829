import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { type LampDialect, ReaderLamps } from "./lamps.ts";

function told(dialect: LampDialect, ...commands: readonly string[]) {
  const lamps = new ReaderLamps(dialect);
  const answers = commands.map((command) => {
    const answer = lamps.answer(fromHex(command));
    return answer === undefined ? undefined : toHex(answer);
  });
  return { answers, seen: lamps.seen };
}

describe("one command for everything", () => {
  it.each([
    ["ff00402e0401000101", "9002", { red: false, green: true, beepsMs: [100] }],
    ["ff00405d0402010501", "9001", { red: true, green: false, beepsMs: [200, 200, 200, 200, 200] }],
    ["ff00400f0400000000", "9003", { red: true, green: true, beepsMs: [] }],
    ["ff00400c0400000000", "9000", { red: false, green: false, beepsMs: [] }],
    ["ff00520000", "9000", { beepsAtCards: false }],
    ["ff0052ff00", "9000", { beepsAtCards: true }],
  ])("%s", (command, answer, seen) => expect(told("together", command)).toMatchObject({ answers: [answer], seen }));

  it("leaves alone what its mask does not name", () => {
    expect(told("together", "ff00400f0400000000", "ff0040040400000000").seen).toMatchObject({ red: false, green: true });
  });

  it.each(["ff0040", "ff00402e0301000101", "00a4040000", "e00000280110", "ff00510000"])("%s is not its own", (command) =>
    expect(told("together", command).answers).toEqual([undefined]),
  );
});

describe("one escape command for each", () => {
  it("lights, sounds, and tells and keeps its polling", () => {
    const { answers, seen } = told("escape", "e00000290101", "e0000028010a", "e000002300", "e00000230189", "e000002300", "e000002100", "e00000210140");
    expect(answers).toEqual(["e10000000101", "e10000000100", "e1000000018b", "e10000000189", "e10000000189", "e1000000017f", "e10000000140"]);
    expect(seen).toMatchObject({ red: true, green: false, beepsMs: [100], polling: 0x89, settingsWritten: 2 });
  });

  it.each(["e000002800", "e00000280201", "e00000990101", "ff00402e0401000101", ""])("%s is not its own", (command) =>
    expect(told("escape", command).answers).toEqual([undefined]),
  );
});

it("never throws, and holds little", () => {
  fc.assert(
    fc.property(fc.constantFrom<LampDialect>("together", "escape"), fc.array(fc.uint8Array({ maxLength: 12 })), (dialect, commands) => {
      const lamps = new ReaderLamps(dialect);
      for (const command of commands) lamps.answer(command);
      for (let round = 0; round < 3_000; round += 1) lamps.answer(fromHex("e00000280101"));
      expect(lamps.seen.beepsMs.length).toBeLessThanOrEqual(3_000);
    }),
  );
});
