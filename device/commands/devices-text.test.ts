/* Tables for people. */
import { describe, expect, it } from "vitest";
import { lookText, placeOf, rolesText, table } from "./devices-text.ts";

describe("tables", () => {
  it("stand under each other, Chinese characters counted as two", () => {
    expect(
      table([
        ["a", "闸机", "x"],
        ["bbb", "c", "y"],
      ]),
    ).toBe("  a    闸机  x\n  bbb  c     y");
  });

  it("say that nothing is plugged in, and what was not looked at", () => {
    expect(lookText({ found: [], readers: [], problems: ["no service"] }, [])).toBe("plugged in:\n  nothing\nnot looked at: no service");
  });

  it("name roles and states in both languages", () => {
    const text = rolesText([{ role: "gate", adapter: "gateFe", where: "/dev/yikatong/gate", state: "away", why: "configured, but not there" }]);
    expect(text).toMatch(/gate 闸机 {2}gateFe {2}\/dev\/yikatong\/gate {2}AWAY 未连接 {2}configured, but not there$/);
  });

  it("let no device move the reader's cursor", () => {
    const usb = { vendorId: 1, productId: 2, product: "evil\u001b[2J" };
    expect(placeOf({ kind: "serial", path: "/dev/ttyUSB0", node: "/dev/ttyUSB0", links: [], isConsole: false, usb })).toBe("/dev/ttyUSB0 0001:0002 evil?[2J");
  });
});
