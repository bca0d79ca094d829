/*
 * Goal: 200,000 bent reports of a pad, and nothing throws, nothing grows, and the pad's protocol is in step again two valid answers later.
 * Method: good reports are bent by the shared mutator, taken out of their reports in both framings, and fed to one reader of the protocol.
 */
import { describe, expect, it } from "vitest";
import { mutations } from "../../../tools/fuzz/mutator.ts";
import { type Bytes, fromHex, toHex } from "../../base/bytes.ts";
import { DEFAULT_PAD_CODING, encodeFrame, PadFrameReader } from "../pad-02h/frame.ts";
import { DEFAULT_PAD_REPORT_PROFILE, decodeReport, encodeReports, type PadReportProfile } from "./framing.ts";

const COUNT = 200_000;
const PROFILES: readonly PadReportProfile[] = [DEFAULT_PAD_REPORT_PROFILE, { ...DEFAULT_PAD_REPORT_PROFILE, padHidFraming: "counted" }];

describe("bad input", () => {
  it(`${COUNT} bent reports`, () => {
    const answers = [fromHex(""), fromHex("11223344"), fromHex("a1b2c3d4e5f60718")].map((data) => encodeFrame(DEFAULT_PAD_CODING, 0x04, data));
    const corpora = PROFILES.map((profile) => answers.flatMap((answer) => encodeReports(profile, answer)));
    const corpus: readonly Bytes[] = corpora.flatMap((reports) => reports.flatMap((report) => [report, report.slice(1)]));
    const reader = new PadFrameReader(DEFAULT_PAD_CODING);
    const wrong: string[] = [];
    let made = 0;
    let carried = 0;
    for (const bent of mutations(11, corpus)) {
      const which = made % 2;
      const profile = PROFILES[which] ?? DEFAULT_PAD_REPORT_PROFILE;
      const bytes = decodeReport(profile, bent);
      carried += bytes.length;
      if (bytes.length > profile.padHidReportBytes) wrong.push(`${toHex(bent)}: ${bytes.length} bytes`);
      reader.feed(bytes);
      const valid = corpora[which]?.at(-1) ?? new Uint8Array(0);
      const after = [...reader.feed(decodeReport(profile, valid)), ...reader.feed(decodeReport(profile, valid))];
      if (!after.some((event) => event.is === "frame")) wrong.push(`${toHex(bent)}: not in step again`);
      made += 1;
      if (made >= COUNT) break;
    }
    expect(wrong).toEqual([]);
    expect(carried).toBeGreaterThan(0);
  }, 300_000);
});
