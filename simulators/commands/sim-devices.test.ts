/* `sim --devices` without real lines: options, control lines, faults of every device, and that nothing secret is said. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Bytes, fromHex, toHex, utf8 } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { devicesSettings } from "../../device/drivers/roles.ts";
import type { OptionValues } from "../../device/system/command-line.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { runSim } from "./sim.ts";
import type { DeviceLine } from "./sim-device.ts";
import { DEVICE_KINDS, LINE_KINDS } from "./sim-device-kinds.ts";
import { readDeviceOptions } from "./sim-device-options.ts";
import { runDevicesMode } from "./sim-devices.ts";
import { type Line, Pipe } from "./testing.ts";

const SUITE = openCipherSuite();
const NO_HID = "there are no HID nodes in this test";

/** The terminal's end of a line that is no pseudo terminal. */
class TestLine implements DeviceLine {
  readonly path: string;
  pluggedIn = false;
  held = false;
  heard = "";
  #listener: (bytes: Bytes) => void = () => undefined;

  constructor(path: string) {
    this.path = path;
  }

  onBytes(listener: (bytes: Bytes) => void): void {
    this.#listener = listener;
  }

  write(bytes: Bytes): void {
    if (this.pluggedIn) this.heard += toHex(bytes);
  }

  async plugIn(): Promise<void> {
    this.pluggedIn = true;
  }

  async unplug(): Promise<void> {
    this.pluggedIn = false;
    this.held = false;
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  say(hex: string): void {
    this.#listener(fromHex(hex));
  }
}

interface Desk {
  readonly pipe: Pipe;
  readonly clock: VirtualClock;
  readonly ready: Line;
  readonly ended: Promise<number>;
  line(kind: string): TestLine;
  /** The reply to a line. */
  ask(text: string): Promise<Line>;
  /** Lets time pass. */
  wait(durationMs: number): Promise<void>;
  end(): Promise<Line>;
}

async function desk(values: OptionValues): Promise<Desk> {
  const pipe = new Pipe();
  const clock = new VirtualClock(0);
  const lines = new Map<string, TestLine>();
  const openLine = (path: string) => {
    const line = new TestLine(path);
    lines.set(basename(path), line);
    return line;
  };
  const ended = runDevicesMode({ json: true, ...values }, pipe, { suite: SUITE, clock, openLine, hidObstacle: () => NO_HID });
  const ready = JSON.parse(await pipe.take()) as Line;
  return {
    pipe,
    clock,
    ready,
    ended,
    line: (kind) => lines.get(kind) as TestLine,
    ask: (text) => pipe.askJson(text),
    wait: (durationMs) => clock.resolve(clock.sleep(durationMs)),
    end: async () => {
      pipe.end();
      expect(await ended).toBe(0);
      return JSON.parse(pipe.printed.at(-1) ?? "{}") as Line;
    },
  };
}

/** Runs to the end over these lines, for people. */
async function said(values: OptionValues, lines: readonly string[] = []): Promise<{ readonly code: number; readonly pipe: Pipe }> {
  const pipe = new Pipe();
  pipe.write(...lines);
  pipe.end();
  const clock = new VirtualClock(0);
  const parts = { suite: SUITE, clock, openLine: (path: string) => new TestLine(path), hidObstacle: () => NO_HID };
  return { code: await runDevicesMode(values, pipe, parts), pipe };
}

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ykt-devices-"));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe("options of sim --devices", () => {
  it("takes one, several in the order of the table, and all", () => {
    expect(readDeviceOptions({ devices: "gate-fe" })).toMatchObject({ kinds: ["gate-fe"], all: false, folder: undefined, pin: undefined, json: false });
    expect(readDeviceOptions({ devices: "gate-fe, pad-02h" })).toMatchObject({ kinds: ["pad-02h", "gate-fe"] });
    expect(readDeviceOptions({ devices: "all", folder: "desk", pin: "1234", json: true })).toMatchObject({ kinds: DEVICE_KINDS, all: true, folder: "desk" });
  });

  it.each<[OptionValues, readonly RegExp[]]>([
    [{ devices: "" }, [/^--devices: there is no ""; known are pad-02h, .*, and all alone$/]],
    [{ devices: "all,pad-02h" }, [/^--devices: there is no "all"/]],
    [{ devices: "pad-02h,pad-02h" }, [/^--devices: pad-02h is named twice$/]],
    [{ devices: "toaster", folder: "" }, [/there is no "toaster"/, /^--folder is the name of a folder$/]],
    [{ devices: "pad-02h", pin: "12" }, [/^--pin is 4 to 12 digits for a PIN pad$/]],
    [{ devices: "pad-02h", pin: "1234567890123" }, [/^--pin is 4 to 12 digits for a PIN pad$/]],
    [
      { devices: "pad-02h", apdu: true, balance: "5", fault: "mute", out: false },
      [/^--apdu does not belong to --devices$/, /^--balance does not belong to --devices$/, /^--fault does not belong to --devices$/],
    ],
    [{ devices: "gate-fe", pcscd: true }, [/^--pcscd does not belong to --devices$/]],
  ])("refuses %j, each problem in a line", async (values, expected) => {
    const problems = String(readDeviceOptions(values)).split("\n");
    expect(problems).toHaveLength(expected.length);
    for (const [at, form] of expected.entries()) expect(problems[at]).toMatch(form);
    const { code, pipe } = await said(values);
    expect([code, pipe.printed, pipe.complained]).toEqual([2, [], [problems.join("\n")]]);
  });

  it("are reached through sim itself, and --folder is refused without them", async () => {
    const pipe = new Pipe();
    expect(await runSim({ devices: "toaster" }, pipe, { suite: SUITE, clock: new VirtualClock(0) })).toBe(2);
    expect(pipe.complained).toEqual([expect.stringContaining("toaster")]);
    const other = new Pipe();
    expect(await runSim({ apdu: true, folder: "x" }, other, { suite: SUITE, clock: new VirtualClock(0) })).toBe(2);
    expect(other.complained).toEqual(["--folder belongs to --devices"]);
  });

  it("no PIN is repeated in a problem", () => {
    expect(readDeviceOptions({ devices: "pad-02h", pin: "83027x" })).not.toContain("83027");
  });

  it("a HID device that was named and cannot run is an obstacle, with all it is left out", async () => {
    const named = await said({ devices: "pad-02h-hid,gate-fe" });
    expect([named.code, named.pipe.complained]).toEqual([1, [`pad-02h-hid cannot run here: ${NO_HID}`]]);
    const all = await said({ devices: "all", json: true });
    expect(all.code).toBe(0);
    expect(all.pipe.complained).toEqual([`left out: pad-02h-hid, scanner-hid: ${NO_HID}`]);
    const ready = JSON.parse(all.pipe.printed[0] ?? "") as { readonly devices: readonly { readonly kind: string }[] };
    expect(ready.devices.map(({ kind }) => kind)).toEqual(LINE_KINDS);
  });

  it("what is in the way is not touched", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "gate-fe"), "mine");
    mkdirSync(join(folder, "gate-gpio"));
    writeFileSync(join(folder, "gate-gpio", "letter"), "mine");
    symlinkSync("/nowhere/at/all", join(folder, "pad-02h"));
    const { code, pipe } = await said({ devices: "pad-02h,gate-fe,gate-gpio", folder });
    expect(code).toBe(2);
    expect(pipe.complained).toEqual([expect.stringMatching(/gate-fe is there already.*\n.*letter is none of the GPIO stand-ins$/)]);
    expect([existsSync(join(folder, "gate-fe")), existsSync(join(folder, "gate-gpio", "letter"))]).toEqual([true, true]);
    const file = await said({ devices: "gate-fe", folder: join(folder, "gate-fe") });
    expect([file.code, file.pipe.complained]).toEqual([2, [expect.stringMatching(/^the folder cannot be made: /)]]);
  });

  it("a folder of its own is gone at the end, a named one stays and is empty again", async () => {
    const own = await said({ devices: "all", json: true });
    const ready = JSON.parse(own.pipe.printed[0] ?? "") as { readonly devices: readonly { readonly path: string }[] };
    expect(existsSync(dirname(ready.devices[0]?.path ?? "/"))).toBe(false);
    const folder = join(newFolder(), "deep", "desk");
    expect((await said({ devices: "gate-gpio,gate-fe", folder })).code).toBe(0);
    expect([existsSync(folder), existsSync(join(folder, "gate-gpio"))]).toEqual([true, false]);
  });
});

describe("the first output", () => {
  it("tells of each device its path, its speed, and a configuration that the terminal takes", async () => {
    const { ready, end } = await desk({ devices: "all" });
    const devices = ready["devices"] as readonly { readonly kind: string; readonly path: string; readonly baudRate?: number; readonly configuration: object }[];
    for (const { kind, path, baudRate, configuration } of devices) {
      expect(basename(path)).toBe(kind);
      const parsed = devicesSettings.safeParse(configuration);
      expect(parsed.error?.issues ?? []).toEqual([]);
      const [settings] = Object.values(configuration) as [{ readonly adapter: string; readonly port?: { readonly path: string; readonly baudRate: number } }];
      expect(settings.adapter.toLowerCase()).toBe(kind.replaceAll("-", ""));
      expect([settings.port?.path, settings.port?.baudRate]).toEqual(kind === "gate-gpio" ? [undefined, undefined] : [path, baudRate]);
    }
    await end();
  });

  it("is readable without --json", async () => {
    const { pipe } = await said({ devices: "gate-fe" });
    expect(pipe.printed).toEqual([
      expect.stringMatching(/^1 simulated devices/),
      expect.stringMatching(/gate-fe {10}\/.*\/gate-fe {3}9600 baud$/),
      expect.stringContaining('"devices": {"gate":{"adapter":"gateFe"'),
      expect.stringContaining("help lists the control lines"),
      "gate-fe: plugged in, faults: none, isOpen false, openedCount 0, opened [], walker passes",
    ]);
  });
});

describe("control lines of every device", () => {
  it.each(LINE_KINDS)("%s: unplug, plug, hang, release, each only where it fits", async (kind) => {
    const { ask, line, end } = await desk({ devices: kind });
    const refused = { ok: false, reason: expect.stringContaining(kind) };
    expect(await ask(`${kind} plug`)).toEqual(refused);
    expect(await ask(`${kind} release`)).toEqual(refused);
    expect(await ask(`${kind} hang`)).toEqual({ ok: true });
    expect(await ask(`${kind} show`)).toMatchObject({ ok: true, kind, pluggedIn: true, hangs: true, faults: "none" });
    if (kind !== "gate-gpio") expect(line(kind).held).toBe(true);
    expect(await ask(`${kind} hang`)).toEqual(refused);
    expect(await ask(`${kind} release`)).toEqual({ ok: true });
    expect(await ask(`${kind} hang`)).toEqual({ ok: true });
    expect(await ask(`${kind} unplug`)).toEqual({ ok: true });
    expect(await ask(`${kind} show`)).toMatchObject({ pluggedIn: false, hangs: false });
    expect(await ask(`${kind} unplug`)).toEqual(refused);
    expect(await ask(`${kind} hang`)).toEqual(refused);
    expect(await ask(`${kind} plug`)).toEqual({ ok: true, path: expect.stringContaining(kind) });
    expect(await end()).toMatchObject({ event: "end", devices: [{ kind, pluggedIn: true, hangs: false }] });
  });

  it.each(LINE_KINDS)("%s: each fault that it lists is taken, shown and cleared; others change nothing", async (kind) => {
    const { ask, end } = await desk({ devices: kind });
    const help = (await ask("help"))["commands"] as readonly string[];
    const listed = help.find((row) => row.trim().startsWith(`${kind} fault `)) ?? "";
    const words = listed.trim().slice(`${kind} fault`.length).trim().split(", ");
    expect(words.length).toBeGreaterThan(2);
    for (const usage of words) {
      const word = usage.replace("<hex>", "0aff").replace(/<[^>]+>/, "12");
      const shown = word === "refusal" ? "none" : word;
      expect(await ask(`${kind} fault ${word}`)).toEqual({ ok: true, faults: shown });
      expect(await ask(`${kind} fault ${word.split("=")[0]}=x`)).toEqual({ ok: false, reason: expect.stringContaining("is written") });
      expect(await ask(`${kind} fault`)).toEqual({ ok: true, faults: shown });
      expect(await ask(`${kind} fault none`)).toEqual({ ok: true, faults: "none" });
    }
    expect(await ask(`${kind} fault late=1,hungry`)).toEqual({ ok: false, reason: expect.stringContaining("hungry") });
    expect(await ask(`${kind} fault late=1 deaf`)).toEqual({ ok: false, reason: expect.stringContaining("written") });
    expect(await ask(`${kind} fault`)).toEqual({ ok: true, faults: "none" });
    await end();
  });

  it("faults come beside those that are on", async () => {
    const { ask, end } = await desk({ devices: "gate-fe" });
    await ask("gate-fe fault late=5,deaf");
    expect(await ask("gate-fe fault slow=2,late=7")).toEqual({ ok: true, faults: "late=7,deaf,slow=2" });
    await end();
  });

  it.each([
    ["dance", /^there is no line "dance"; help lists what there is$/],
    ["gate-relay show", /^there is no line "gate-relay"/],
    ["show me", /^there is no line "show"/],
    ["quit now", /^there is no line "quit"/],
    ["gate-fe", /^gate-fe knows no ""; it knows unplug, plug, hang, release, show, fault, walker, free$/],
    ["gate-fe paper", /^gate-fe knows no "paper"/],
    ["gate-fe unplug now", /^written: gate-fe unplug$/],
    ["gate-fe walker", /^gate-fe: written: walker passes\|stays\|turns-back$/],
    ["gate-fe walker runs", /^gate-fe: written: walker/],
    ["gate-fe walker stays passes", /^gate-fe: written: walker/],
    ["gate-fe free C", /^gate-fe: written: free A\|B$/],
    ["pad-02h holder sings", /^pad-02h: written: holder enters\|wrong\|cancels\|walks-away$/],
    ["scanner-line scan", /^scanner-line: written: scan <text>\|hex <bytes>, at most 500 bytes$/],
    ["scanner-line scan hex 123", /^scanner-line: written: scan/],
    [`scanner-line scan ${"9".repeat(501)}`, /^scanner-line: written: scan/],
    [`gate-fe ${"x".repeat(2_000)}`, /^a line has at most 1024 characters$/],
  ])("refuses %j and changes nothing", async (text, reason) => {
    const { ask, end } = await desk({ devices: "pad-02h,scanner-line,gate-fe" });
    const before = await ask("show");
    expect(await ask(text)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
    expect(await ask("show")).toEqual(before);
    await end();
  });

  it("an unplugged or hanging scanner scans nothing", async () => {
    const { ask, end } = await desk({ devices: "scanner-line" });
    await ask("scanner-line hang");
    expect(await ask("scanner-line scan 1")).toEqual({ ok: false, reason: "scanner-line hangs: scanner-line release" });
    await ask("scanner-line unplug");
    expect(await ask("scanner-line scan 1")).toEqual({ ok: false, reason: "scanner-line is unplugged: scanner-line plug" });
    expect(await ask("scanner-line show")).toMatchObject({ scans: 0 });
    await end();
  });
});

const FE_OPEN = "fe8001000000ab";

describe("what the devices do", () => {
  it("a walker passes, stays or turns back, and the board says so", async () => {
    const { ask, line, wait, end } = await desk({ devices: "gate-fe" });
    const gate = line("gate-fe");
    gate.say(FE_OPEN);
    expect(await ask("gate-fe show")).toMatchObject({ isOpen: true, openedCount: 1, opened: ["A"] });
    await wait(900);
    expect(gate.heard).toBe("fe8101000000ab");
    for (const [walk, afterMs] of [
      ["stays", 5_100],
      ["turns-back", 900],
    ] as const) {
      gate.heard = "";
      expect(await ask(`gate-fe walker ${walk}`)).toEqual({ ok: true });
      gate.say(FE_OPEN);
      await wait(afterMs);
      expect(gate.heard).toBe("fe4401000000ab");
    }
    gate.heard = "";
    await ask("gate-fe free B");
    expect(gate.heard).toBe("fe8102000000ab");
    await end();
  });

  it("garbled, deaf, late and slow answers are garbled, deaf, late and slow", async () => {
    const { ask, line, wait, end } = await desk({ devices: "gate-relay" });
    const gate = line("gate-relay");
    const told = async (durationMs = 0) => {
      gate.heard = "";
      gate.say("010100000001fdca");
      await wait(durationMs);
      return gate.heard;
    };
    const right = await told();
    expect(right).toMatch(/^010101/);
    await ask("gate-relay fault garbled");
    expect(await told()).not.toBe(right);
    await ask("gate-relay fault none");
    await ask("gate-relay fault deaf");
    expect(await told()).toBe("");
    await ask("gate-relay fault none");
    await ask("gate-relay fault late=500");
    expect([await told(400), await told(600)]).toEqual(["", right + right]);
    await ask("gate-relay fault none");
    await ask("gate-relay fault slow=100");
    expect(await told(150)).toBe(right.slice(0, 4));
    await end();
  });

  it("what a slow device still had to say is lost with its plug", async () => {
    const { ask, line, wait, end } = await desk({ devices: "scanner-line" });
    const scanner = line("scanner-line");
    await ask("scanner-line fault slow=10");
    await ask("scanner-line scan 123456");
    await wait(25);
    await ask("scanner-line unplug");
    await ask("scanner-line plug");
    scanner.heard = "";
    await wait(500);
    expect(scanner.heard).toBe("");
    await end();
  });

  it("codes are scanned as text, digits too, or as bytes", async () => {
    const { ask, line, pipe, end } = await desk({ devices: "scanner-line" });
    const scanner = line("scanner-line");
    expect(await ask("scanner-line scan 6901234567892")).toEqual({ ok: true, bytes: 13 });
    expect(scanner.heard).toBe(toHex(utf8("]Q16901234567892\r")));
    scanner.heard = "";
    await ask("scanner-line scan hex 01 1d ff");
    expect(scanner.heard).toBe(toHex(utf8("]Q1")).concat("011dff0d"));
    scanner.heard = "";
    await ask("scanner-line scan-half 12345678");
    expect(scanner.heard).toBe(toHex(utf8("1234")));
    expect(pipe.printed.join("")).not.toContain("6901234567892");
    await end();
  });

  it("paper and display can be read, and the paper torn off", async () => {
    const { ask, line, end } = await desk({ devices: "printer-escpos,display-led8" });
    line("printer-escpos").say(`1b40${toHex(utf8("TOTAL 12.50"))}0a`);
    expect(await ask("printer-escpos paper")).toEqual({ ok: true, lines: ["TOTAL 12.50"] });
    expect(await ask("printer-escpos paper please")).toMatchObject({ ok: false });
    await ask("printer-escpos tear-off");
    expect(await ask("printer-escpos show")).toMatchObject({ printedLines: 0 });
    line("display-led8").say(`1b401b73321b5141${toHex(utf8("12.50"))}0d`);
    expect(await ask("display-led8 shown")).toEqual({ ok: true, text: "12.50", lamp: "total" });
    await end();
  });

  it("a display is told late, garbled or nothing by its own line", async () => {
    const { ask, line, wait, end } = await desk({ devices: "display-led8" });
    const amount = (text: string) => line("display-led8").say(`1b5141${toHex(utf8(text))}0d`);
    await ask("display-led8 fault late=200");
    amount("7.00");
    expect(await ask("display-led8 shown")).toMatchObject({ text: "" });
    await wait(250);
    expect(await ask("display-led8 shown")).toMatchObject({ text: "7.00" });
    await ask("display-led8 fault none");
    await ask("display-led8 fault deaf");
    amount("8.00");
    expect(await ask("display-led8 shown")).toMatchObject({ text: "7.00" });
    await ask("display-led8 fault none");
    await ask("display-led8 fault garbled");
    amount("9.00");
    expect(await ask("display-led8 shown")).toMatchObject({ text: "9.01" });
    await end();
  });

  it("printer faults reach its status byte", async () => {
    const { ask, line, end } = await desk({ devices: "printer-escpos" });
    const status = () => {
      line("printer-escpos").heard = "";
      line("printer-escpos").say("100404");
      return line("printer-escpos").heard;
    };
    expect(status()).toBe("12");
    await ask("printer-escpos fault paper-end");
    expect(status()).toBe("72");
    await ask("printer-escpos fault paper-low");
    expect(status()).toBe("7e");
    await ask("printer-escpos fault none");
    await ask("printer-escpos fault garbled");
    expect(status()).toBe("13");
    await end();
  });

  it("a coil that was left on, a pulse that sticks and a refusal, once", async () => {
    const { ask, line, wait, end } = await desk({ devices: "gate-relay" });
    await ask("gate-relay leave-on 3");
    expect(await ask("gate-relay show")).toMatchObject({ isOpen: true });
    expect(await ask("gate-relay leave-on 8")).toMatchObject({ ok: false });
    await ask("gate-relay fault refusal");
    const gate = line("gate-relay");
    gate.say("01050000ff008c3a");
    expect(gate.heard.slice(0, 6)).toBe("018504");
    gate.heard = "";
    gate.say("01050000ff008c3a");
    expect(gate.heard).toBe("01050000ff008c3a");
    await wait(1);
    await end();
  });

  it("the GPIO stand-ins say what the terminal's configuration names, and lose their chip", async () => {
    const { ready, ask, end } = await desk({ devices: "gate-gpio" });
    const [device] = ready["devices"] as readonly [
      { readonly configuration: { readonly gate: { readonly programs: { readonly gpioset: string; readonly gpiodetect: string } } } },
    ];
    const { gpioset, gpiodetect } = device.configuration.gate.programs;
    expect([existsSync(gpioset), existsSync(gpiodetect)]).toEqual([true, true]);
    expect(await ask("gate-gpio unplug")).toEqual({ ok: true });
    expect(await ask("gate-gpio show")).toMatchObject({ pluggedIn: false, isOpen: false, levels: [] });
    await end();
  });
});

describe("nothing secret is said, nothing breaks", () => {
  it("a PIN is entered at the pad and never printed", async () => {
    const pin = "830274";
    const { ask, pipe, end } = await desk({ devices: "pad-02h,pad-newland", pin });
    for (const act of ["enters", "wrong", "cancels", "walks-away", "enters"]) expect(await ask(`pad-02h holder ${act}`)).toEqual({ ok: true });
    await ask("pad-newland holder wrong");
    await ask("help");
    await ask("show");
    await end();
    expect([...pipe.printed, ...pipe.complained].join("\n")).not.toContain(pin);
  });

  it("any lines at all are answered, and the devices end plugged or unplugged", async () => {
    const kind = fc.constantFrom("gate-fe", "printer-escpos", "scanner-line", "nobody");
    const what = fc.constantFrom(
      "unplug",
      "plug",
      "hang",
      "release",
      "show",
      "fault",
      "fault none",
      "fault deaf,slow=1",
      "walker stays",
      "paper",
      "tear-off",
      "scan 12",
    );
    const known = fc.tuple(kind, what).map(([who, verb]) => `${who} ${verb}`);
    const other = fc.string({ maxLength: 30 }).filter((line) => !["quit", ""].includes(line.trim()) && !line.startsWith("#"));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(known, other), { maxLength: 20 }), async (lines) => {
        const { pipe, end } = await desk({ devices: "gate-fe,printer-escpos,scanner-line" });
        pipe.write(...lines);
        expect(await end()).toMatchObject({ event: "end", devices: [{ kind: "scanner-line" }, { kind: "printer-escpos" }, { kind: "gate-fe" }] });
        expect(pipe.printed).toHaveLength(lines.length + 2);
      }),
      { numRuns: 60 },
    );
  });
});
