import { describe, expect, test } from "vitest";
import { utf8 } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Devices } from "../drivers/adapter.ts";
import type { DeviceHealth, PrintOutcome, ScannedCode } from "../drivers/peripherals.ts";
import type { Terminal } from "../terminal.ts";
import { answerLine, parseRequestLine } from "./lines.ts";

const signal = new AbortController().signal;
const E_CODE = `424${"0".repeat(16)}1${"99"}${"33"}${"0000"}`;

async function ask(devices: Devices, request: object): Promise<Readonly<Record<string, unknown>>> {
  // Only the devices are asked.
  const terminal = { devices } as Terminal;
  return JSON.parse(await answerLine(terminal, JSON.stringify(request), signal)) as Record<string, unknown>;
}

function device(health: () => Promise<DeviceHealth> = () => Promise.resolve({ kind: "well" })) {
  return { name: "simulated", health, close: () => Promise.resolve() };
}

function scannerOf(code: ScannedCode | Fault): Devices {
  const next = () => (code instanceof Fault ? Promise.reject(code) : Promise.resolve(code));
  return { scanner: { ...device(), openSession: () => ({ next, close: () => undefined }) } };
}

function printerOf(outcome: PrintOutcome): Devices {
  return { printer: { ...device(), state: () => Promise.resolve("ready"), print: () => Promise.resolve(outcome) } };
}

describe("a code", () => {
  test.each([
    [
      { data: utf8("81234567890123456789"), symbology: "]C0" },
      { is: "trace-code", code: "81234567890123456789" },
    ],
    [
      { data: utf8("010123456789012817271231"), symbology: "]d2" },
      { is: "gs1", items: { "01": "01234567890128", "17": "271231" } },
    ],
    [{ data: utf8("hello") }, { is: "unknown", why: "not-known" }],
    [{ data: utf8("") }, { is: "unknown", why: "empty" }],
  ])("%o", async (code, told) => expect(await ask(scannerOf(code), { do: "scan", id: 3 })).toEqual({ id: 3, kind: "scanned", ...told }));

  test("an e-code is told, its digits are not", async () => {
    const answer = await ask(scannerOf({ data: utf8(E_CODE), symbology: "]Q1" }), { do: "scan" });
    expect(answer).toEqual({ kind: "scanned", is: "medical-e-code" });
    expect(JSON.stringify(answer)).not.toContain(E_CODE.slice(0, 10));
  });

  test("nobody holds a code before the window", async () => {
    const late = new Fault("timeout", "no code", { effectUnknown: false });
    expect(await ask(scannerOf(late), { do: "scan", timeoutMs: 100 })).toMatchObject({ kind: "failed", reason: "timeout", says: { zh: "操作超时，请重试。" } });
  });
});

describe("a slip", () => {
  const slip = [{ kind: "text", text: "合计", bold: true }, { kind: "columns", left: "金额", right: "4.50" }, { kind: "cut" }];

  test("is printed", async () => expect(await ask(printerOf({ kind: "printed" }), { do: "print", slip })).toEqual({ kind: "printed" }));

  test.each([
    [
      { kind: "not-ready", state: "paper-end" },
      { reason: "printer-paper-end", effectUnknown: false, says: { zh: "打印机缺纸。" } },
    ],
    [
      { kind: "not-ready", state: "cover-open" },
      { reason: "printer-cover-open", effectUnknown: false },
    ],
    [{ kind: "unknown" }, { reason: "slip-unknown", effectUnknown: true }],
  ] as const)("%o", async (outcome, told) => {
    const answer = await ask(printerOf(outcome), { do: "print", slip });
    expect(answer).toMatchObject({ kind: "failed", ...told });
    expect(answer["says"]).toBeDefined();
  });

  test.each([
    [{ do: "print", slip: [] }],
    [{ do: "print", slip: [{ kind: "text", text: "x".repeat(401) }] }],
    [{ do: "print", slip: [{ kind: "feed", lines: 0 }] }],
    [{ do: "print", slip: [{ kind: "explode" }] }],
    [{ do: "open-gate" }],
    [{ do: "show", what: "total", amountFen: -1 }],
  ])("%o is not understood", (request) => expect(parseRequestLine(JSON.stringify(request)).ok).toBe(false));
});

describe("how everything is", () => {
  test("each device by its role, and one that cannot tell is broken", async () => {
    const silent = () => Promise.reject(new Fault("timeout", "no answer", { effectUnknown: false }));
    const devices: Devices = { ...scannerOf({ data: utf8("x") }), display: { ...device(silent), show: silent, clear: silent } };
    expect(await ask(devices, { do: "devices" })).toEqual({
      kind: "devices",
      devices: { scanner: { name: "simulated", kind: "well" }, display: { name: "simulated", kind: "broken", why: "timeout" } },
    });
  });

  test.each(["scan", "print", "show", "clear-display"])("%s without such a device says so", async (asked) => {
    const more = asked === "print" ? { slip: [{ kind: "cut" }] } : asked === "show" ? { what: "total", amountFen: 1 } : {};
    expect(await ask({}, { do: asked, ...more })).toMatchObject({ kind: "failed", reason: "device-not-configured", says: { zh: "本终端未配置该设备。" } });
  });
});
