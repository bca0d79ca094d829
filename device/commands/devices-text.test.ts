/* Tables for people. */
import { describe, expect, it } from "vitest";
import { lookText, lossText, placeOf, rolesText, table } from "./devices-text.ts";

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

  it("name what goes with a family, and no secret", () => {
    const settings = { port: { baudRate: 19_200 }, pinKey: { master: 3 }, authorizationHex: "0a1b2c3d4e5f6071", codes: ["x"] };
    expect(lossText({ role: "pinPad", family: "padNewland", settings })).toBe(
      'pinPad: for padNewland the configuration said port.baudRate 19200, pinKey.master 3, authorizationHex "(hidden)", codes ["x"]',
    );
  });
});
