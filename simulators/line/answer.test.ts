/* Answers of simulated devices on their way: every fault of a line, and that slow ones do not mix. */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../device/base/bytes.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { sendAnswer } from "./answer.ts";
import { type LineFaults, NO_LINE_FAULTS } from "./far-end.ts";

/** Sends answers at once and tells what arrived when. */
async function arrived(faults: Partial<LineFaults>, answers: readonly string[], garbledFromEnd?: number): Promise<readonly string[]> {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const end = { write: (bytes: Uint8Array) => seen.push(`${clock.monotonicMs()}:${toHex(bytes)}`) };
  const way = { end, faults: { ...NO_LINE_FAULTS, ...faults }, ...(garbledFromEnd === undefined ? {} : { garbledFromEnd }) };
  await clock.resolve(Promise.all(answers.map((hex) => sendAnswer(clock, way, fromHex(hex)))));
  return seen;
}

describe("an answer on its way", () => {
  it.each<[Partial<LineFaults>, readonly string[]]>([
    [{}, ["0:010203"]],
    [{ deaf: true }, []],
    [{ garbled: true }, ["0:010303"]],
    [{ lateMs: 70 }, ["70:010203"]],
    [{ pieceBytes: 2 }, ["0:0102", "0:03"]],
    [{ noiseHex: "ff11" }, ["0:ff11010203"]],
    [{ slowMs: 5 }, ["0:01", "5:02", "10:03"]],
    [{ slowMs: 5, pieceBytes: 2 }, ["0:0102", "5:03"]],
    [{ slowMs: 5, pieceBytes: 2, lateMs: 100, noiseHex: "ee" }, ["100:ee01", "105:0203"]],
  ])("with %j", async (faults, expected) => {
    expect(await arrived(faults, ["010203"])).toEqual(expected);
  });

  it("of one byte is garbled too, and the byte can be chosen", async () => {
    expect(await arrived({ garbled: true }, ["12"])).toEqual(["0:13"]);
    expect(await arrived({ garbled: true }, ["010203"], 1)).toEqual(["0:010202"]);
  });

  it("waits for a slow one before it", async () => {
    expect(await arrived({ slowMs: 4 }, ["0102", "0304"])).toEqual(["0:01", "4:02", "4:03", "8:04"]);
  });

  it("waits for a slow one even when it is not slow itself", async () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    const end = { write: (bytes: Uint8Array) => seen.push(toHex(bytes)) };
    const slow = sendAnswer(clock, { end, faults: { ...NO_LINE_FAULTS, slowMs: 10 } }, fromHex("0102"));
    const quick = sendAnswer(clock, { end, faults: NO_LINE_FAULTS }, fromHex("2a"));
    await clock.resolve(Promise.all([slow, quick]));
    expect(seen).toEqual(["01", "02", "2a"]);
    await sendAnswer(clock, { end, faults: NO_LINE_FAULTS }, fromHex("2b"));
    expect(seen.at(-1)).toBe("2b");
  });

  it("is lost where too many wait for a slow one", async () => {
    const seen = await arrived(
      { slowMs: 1 },
      Array.from({ length: 200 }, () => "0102"),
    );
    expect(seen).toHaveLength(2 * 64);
  });
});
