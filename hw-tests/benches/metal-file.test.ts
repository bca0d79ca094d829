import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kindsOf, METAL_SUITES, readBenchFile } from "./metal-file.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const EXAMPLE = /```json\n([\s\S]*?)```/.exec(README)?.[1] ?? "";
const PORT = { path: "/dev/yikatong/line" };
const GATE = { gate: { adapter: "gateFe", port: PORT } };
const USER = { interface: "contact", nameIncludes: [] };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ykt-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string) {
  const path = join(folder, "bench.json");
  writeFileSync(path, text);
  return readBenchFile(path);
}

const problems = (file: object) => {
  const answer = read(JSON.stringify({ name: "desk", hand: "person", ...file }));
  return answer.ok ? [] : answer.problems;
};

describe("a bench file", () => {
  it("of the document is one, and names what it says", () => {
    const answer = read(EXAMPLE);
    expect(answer).toMatchObject({ ok: true });
    expect(answer.ok && kindsOf(answer.file)).toEqual(["card reader", "security module", "pinPad", "scanner", "printer", "display", "gate"]);
  });

  it("finds the program of its hand from its own folder", () => {
    const answer = read(JSON.stringify({ name: "desk", hand: "./robot", devices: GATE }));
    expect(answer).toMatchObject({ ok: true, file: { hand: join(folder, "robot") } });
  });

  it.each([
    ["no JSON", "{", "JSON"],
    ["a key that nobody knows", JSON.stringify({ name: "desk", hand: "person", devices: { ...GATE, telephone: {} } }), "telephone"],
    ["a device that is misdescribed", JSON.stringify({ name: "desk", hand: "person", devices: { gate: { adapter: "gateFe" } } }), "devices.gate.port"],
    ["a hand that is neither", JSON.stringify({ name: "desk", hand: "robot", devices: GATE }), "hand"],
  ])("is refused: %s", (_what, text, why) => {
    const answer = read(text);
    expect(answer.ok ? "" : answer.problems.join("\n")).toContain(why);
  });

  it.each([
    ["nothing to test", {}, "devices: no reader and no device is named: there is nothing to test"],
    [
      "a module without a card",
      { readers: { sam: { ...USER, interface: "sam" } } },
      "readers: a security module is tested with a card: name the user's reader too",
    ],
    ["a PIN at a reader that takes none", { readers: { user: { ...USER, pinEntry: "none" } }, cardPin: {} }, "cardPin: the user's reader takes no PIN"],
    ["a PIN without a reader", { devices: GATE, cardPin: {} }, "cardPin: the user's reader takes no PIN"],
    ["a module that is only described", { readers: { user: USER }, module: {} }, "module: no reader of a security module is named"],
    ["a pad without its key", { devices: { pinPad: { adapter: "pad02h", port: PORT } } }, "pinPad: a PIN pad needs its test key and the right block"],
    ["a person without codes", { devices: { scanner: { adapter: "scannerHid" } } }, "scanner: which codes can the person show?"],
    ["a plug of nothing", { devices: GATE, unplugs: ["printer"] }, "unplugs: printer: no such device is named"],
    ["a description of nothing", { devices: GATE, printer: { mishaps: [] } }, "printer: no such device is named under devices"],
  ])("makes sense as a whole: %s", (_what, file, why) => expect(problems(file)).toEqual([why]));

  it.each([
    ["a reader with its keypad", { readers: { user: USER }, cardPin: {} }, ["card reader", "PIN at the reader"]],
    ["one gate", { devices: GATE, gate: {} }, ["gate"]],
    ["a gate without a line", { devices: { gate: { adapter: "gateGpio", lines: { entry: 17, exit: 27 } } } }, ["gate"]],
  ])("names exactly what is run: %s", (_what, file, kinds) => {
    const answer = read(JSON.stringify({ name: "desk", hand: "person", ...file }));
    expect(answer.ok && kindsOf(answer.file)).toEqual(kinds);
  });

  it("has suites for each kind", () => {
    for (const name of Object.values(METAL_SUITES)) expect(readFileSync(new URL(`../${name}.hw.ts`, import.meta.url), "utf8")).toContain("metalDesk()");
  });
});
