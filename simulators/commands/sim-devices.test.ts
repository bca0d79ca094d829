/* `sim --devices` without real lines: options, control lines, scenarios, and that nothing secret is said. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { devicesSettings } from "../../device/drivers/roles.ts";
import type { OptionValues } from "../../device/system/command-line.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { runSim } from "./sim.ts";
import { DEVICE_KINDS, LINE_KINDS } from "./sim-device-kinds.ts";
import { readDeviceOptions } from "./sim-device-options.ts";
import { desk, NO_HID, newFolder, removeFolders, SUITE, said } from "./testing/device-desk.ts";
import { type Line, Pipe } from "./testing.ts";

afterAll(removeFolders);

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
    expect(all.pipe.complained).toEqual([`left out: pad-02h-hid, scanner-hid, keypad-hid: ${NO_HID}`]);
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
    ["gate-fe", /^gate-fe knows no ""; it knows unplug, plug, hang, release, show, fault, walker, free, fire$/],
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

describe("a scenario of devices", () => {
  const write = (value: unknown) => {
    const path = join(newFolder(), "scenario.json");
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return path;
  };
  const step = (afterMs: number, lines: string | readonly string[]) => ({ when: { afterMs }, do: lines });

  it("plays its steps by time, beside the lines that are typed", async () => {
    const scenario = write({
      version: 1,
      steps: [step(100, "gate-fe walker stays"), step(50, ["gate-fe unplug", "gate-fe unplug"]), step(10, "gate-fe plug")],
    });
    const { ask, wait, pipe, end } = await desk({ devices: "gate-fe", scenario });
    await wait(120);
    expect(JSON.parse(pipe.printed[1] ?? "")).toEqual({ event: "scenario", step: 1, line: "gate-fe walker stays", ok: true });
    await pipe.take();
    expect(await ask("gate-fe show")).toMatchObject({ pluggedIn: true, walker: "stays" });
    await wait(35);
    expect(pipe.printed.slice(3).map((text) => (JSON.parse(text) as Line)["ok"])).toEqual([true, false]);
    await end();
    expect(pipe.printed).toHaveLength(6);
  });

  it("ends with the lines, whatever is left of it", async () => {
    const scenario = write({ version: 1, about: "later", steps: [step(86_400_000, "gate-fe unplug")] });
    const { end } = await desk({ devices: "gate-fe", scenario });
    expect(await end()).toMatchObject({ devices: [{ pluggedIn: true }] });
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /scenario\.json: it is no JSON$/],
    ["another moment", { version: 1, steps: [{ when: { insertion: 1 }, do: "gate-fe plug" }] }, /steps\.0\.when\.?.* does not fit$/],
    ["no steps", { version: 1, steps: [] }, /steps does not fit$/],
    ["a device that is not there", { version: 1, steps: [step(1, "gate-relay plug")] }, /step 1: there is no device "gate-relay" on this table$/],
    ["the end", { version: 1, steps: [step(1, "quit")] }, /step 1: there is no device "quit"/],
  ])("is refused before anything starts: %s", async (_, value, reason) => {
    const { code, pipe } = await said({ devices: "gate-fe", scenario: write(value) });
    expect([code, pipe.printed, pipe.complained]).toEqual([2, [], [expect.stringMatching(reason)]]);
  });

  it("a file that is not there is refused", async () => {
    const { code, pipe } = await said({ devices: "gate-fe", scenario: "/nowhere/scenario.json" });
    expect([code, pipe.complained]).toEqual([2, [expect.stringContaining("cannot be read")]]);
    expect(readDeviceOptions({ devices: "gate-fe", scenario: "" })).toBe("--scenario is a file name");
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
