import { describe, expect, it } from "vitest";
import { onlyJsonLine } from "./command-lanes.ts";
import { addCounts, laneOf, lastLine } from "./lanes.ts";
import { readReport } from "./vitest-report.ts";

const report = (...cases: readonly string[]): string =>
  JSON.stringify({
    testResults: [
      {
        name: "/p/device/a.test.ts",
        status: cases.includes("failed") ? "failed" : "passed",
        assertionResults: cases.map((status) => ({ fullName: "a", status, failureMessages: [] })),
      },
    ],
  });

describe("laneOf", () => {
  it.each([
    ["device/drivers/pcsc/adapter.lane.test.ts", "pcscd"],
    ["simulators/reader/handler.lane.test.ts", "pcscd"],
    ["device/sync/mqtt/link.lane.test.ts", "mosquitto"],
    ["device/sync/kill-rounds.lane.test.ts", "rounds"],
    ["device/txn/journal/power-cut.lane.test.ts", "replay"],
    ["device/config/slots.lane.test.ts", "replay"],
    ["device/codec/bad-input.lane.test.ts", "bad-input"],
    ["device/crypto/openssl.lane.test.ts", "processes"],
    ["hw-tests/replug-pty.lane.test.ts", "losses"],
    ["hw-tests/pcscd-kills.lane.test.ts", "losses"],
    ["hw-tests/metal-pcscd.lane.test.ts", "desks"],
    ["device/commands/devices-pty.lane.test.ts", "desks"],
    ["hw-tests/hidraw-replug.lane.test.ts", "hidraw"],
    ["hw-tests/wrong-cards-pcscd.lane.test.ts", "pcscd"],
    ["device/codec/apdu.test.ts", undefined],
  ])("%s belongs to %s", (path, name) => expect(laneOf(path)?.name).toBe(name));
});

describe("the last line", () => {
  const counts = addCounts({ passed: 3, failed: 1, skipped: 0 }, { passed: 2, failed: 0, skipped: 4 });
  it("counts cases of all lanes", () => expect(lastLine(counts, false)).toBe("5 passed, 1 failed"));
  it("counts a skip as failed where nothing may be skipped", () => expect(lastLine(counts, true)).toBe("5 passed, 5 failed"));
});

describe("readReport", () => {
  it("counts passed, failed and skipped cases", () =>
    expect(readReport(report("passed", "failed", "skipped", "passed"), "/p")?.counts).toEqual({ passed: 2, failed: 1, skipped: 1 }));
  it("counts a file that did not load as one failure", () => {
    const text = JSON.stringify({ testResults: [{ name: "/p/a.test.ts", status: "failed", message: "cannot load", assertionResults: [] }] });
    expect(readReport(text, "/p")?.counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
  it.each(["", "{", "{}", '{"testResults":[{}]}'])("says so when %j is no report", (text) => expect(readReport(text, "/p")).toBeUndefined());
});

describe("onlyJsonLine", () => {
  it.each([
    ['{"a":1}\n', { a: 1 }],
    ['progress\n{"a":1}\n', undefined],
    ["", undefined],
    ["no json\n", undefined],
  ])("%j", (stdout, expected) => expect(onlyJsonLine(stdout)).toEqual(expected));
});
