/* What the devices of `sim --devices` do when a terminal speaks to them and a person tells them to, without real lines. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../device/base/bytes.ts";
import { desk } from "./testing/device-desk.ts";

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

  it("a gate stands open while the fire loop is open, with nobody at its line", async () => {
    const gates = ["gate-fe", "gate-digicon", "gate-relay", "gate-gpio"];
    const { ask, end } = await desk({ devices: gates.join(",") });
    for (const gate of gates) {
      await ask(`${gate} unplug`);
      expect(await ask(`${gate} fire on`)).toEqual({ ok: true });
      expect(await ask(`${gate} show`)).toMatchObject({ isOpen: true });
      await ask(`${gate} fire off`);
      expect(await ask(`${gate} show`)).toMatchObject({ isOpen: false });
      expect(await ask(`${gate} fire perhaps`)).toMatchObject({ ok: false });
    }
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
