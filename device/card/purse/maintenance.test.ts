/* Signed commands: what is signed, what is sent, what the card's answers mean; and no PIN in this process. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import type { ModuleCommandMac, PinTemplate, TransitPsam } from "../../drivers/ports.ts";
import { LIMITS, ScriptedChannel } from "../testing.ts";
import {
  blockApplication,
  type CommandSigner,
  moduleSigner,
  PURSE_PIN_CHANGE_TEMPLATE,
  PURSE_PIN_TEMPLATE,
  reloadPin,
  unblockApplication,
  unblockPin,
} from "./maintenance.ts";

const CHALLENGE = ["0084000004", "0a0b0c0d9000"] as const;
const MAC = "cafebabe";

/** Signs anything, and keeps what it signed. */
function witness() {
  const signed: string[] = [];
  const signer: CommandSigner = {
    sign: async ({ challenge, command }) => {
      signed.push(`${toHex(challenge)}:${toHex(command)}`);
      return fromHex(MAC);
    },
  };
  return { signed, signer };
}

describe("what is signed and sent", () => {
  it.each([
    ["permanent", "841e000104"],
    ["temporary", "841e000004"],
  ] as const)("APPLICATION BLOCK, %s", async (duration, header) => {
    const { signed, signer } = witness();
    const channel = new ScriptedChannel([CHALLENGE, [`${header}${MAC}`, "9000"]]);
    expect(await blockApplication(channel, { duration, signer }, LIMITS)).toEqual({ kind: "ok" });
    expect(signed).toEqual([`0a0b0c0d:${header}`]);
  });

  it("APPLICATION UNBLOCK", async () => {
    const { signed, signer } = witness();
    const channel = new ScriptedChannel([CHALLENGE, [`8418000004${MAC}`, "9000"]]);
    expect(await unblockApplication(channel, { signer }, LIMITS)).toEqual({ kind: "ok" });
    expect(signed).toEqual(["0a0b0c0d:8418000004"]);
  });

  it.each([
    ["triple DES", "1122334455667788", "0c"],
    ["SM4", "11223344556677881122334455667788", "14"],
  ])("PIN UNBLOCK carries what the host has enciphered, %s", async (_name, sealed, lc) => {
    const { signed, signer } = witness();
    const channel = new ScriptedChannel([CHALLENGE, [`84240700${lc}${sealed}${MAC}`, "9000"]]);
    expect(await unblockPin(channel, { keyId: 7, sealedPin: fromHex(sealed), signer }, LIMITS)).toEqual({ kind: "ok" });
    expect(signed).toEqual([`0a0b0c0d:84240700${lc}${sealed}`]);
  });

  it("an enciphered PIN of another length, or a MAC, is our own mistake", async () => {
    const { signer } = witness();
    expect(() => unblockPin(new ScriptedChannel([]), { keyId: 7, sealedPin: fromHex("1122"), signer }, LIMITS)).toThrow("one block");
    const short: CommandSigner = { sign: async () => fromHex("00") };
    await expect(unblockApplication(new ScriptedChannel([CHALLENGE]), { signer: short }, LIMITS)).rejects.toThrow("4 bytes");
  });
});

describe("what the card's answers mean", () => {
  it.each([
    ["6988", { kind: "wrong-mac" }],
    ["9302", { kind: "wrong-mac" }],
    ["63c2", { kind: "wrong-mac", triesLeft: 2 }],
    ["63c0", { kind: "key-locked" }],
    ["6983", { kind: "key-locked" }],
    ["6985", { kind: "refused", statusWord: 0x6985 }],
  ] as const)("%s", async (answer, expected) => {
    const channel = new ScriptedChannel([CHALLENGE, ["8418*", answer]]);
    expect(await unblockApplication(channel, { signer: witness().signer }, LIMITS)).toEqual(expected);
  });

  it("without a challenge nothing is signed", async () => {
    const { signed, signer } = witness();
    expect(await unblockApplication(new ScriptedChannel([["0084000004", "6a81"]]), { signer }, LIMITS)).toEqual({ kind: "refused", statusWord: 0x6a81 });
    await expect(unblockApplication(new ScriptedChannel([["0084000004", "0a0b9000"]]), { signer }, LIMITS)).rejects.toMatchObject({
      code: "card-answer-malformed",
    });
    expect(signed).toEqual([]);
  });
});

describe("the module as a signer", () => {
  it("is given card, challenge and command", async () => {
    const asked: ModuleCommandMac[] = [];
    const commandMac: TransitPsam["commandMac"] = async (request) => {
      asked.push(request);
      return fromHex(MAC);
    };
    // Only this part of the module is used.
    const signer = moduleSigner({ commandMac } as TransitPsam, { factors: [fromHex("0102030405060708")], algorithm: "sm4" });
    await blockApplication(new ScriptedChannel([CHALLENGE, ["841e0001*", "9000"]]), { duration: "permanent", signer }, LIMITS);
    expect(asked).toEqual([{ factors: [fromHex("0102030405060708")], algorithm: "sm4", challenge: fromHex("0a0b0c0d"), command: fromHex("841e000104") }]);
  });
});

describe("PIN commands", () => {
  it("go through hardware, with the header that the card wants", async () => {
    const asked: PinTemplate[] = [];
    const reloader = {
      reloadOnCard: async (_channel: unknown, template: PinTemplate) => {
        asked.push(template);
        return { kind: "verified" } as const;
      },
    };
    expect(await reloadPin(new ScriptedChannel([]), { keyId: 3, reloader }, LIMITS)).toEqual({ kind: "verified" });
    expect(asked.map(({ header, minDigits, maxDigits }) => [toHex(header), minDigits, maxDigits])).toEqual([["805e0003", 4, 12]]);
  });

  it("are not possible without it", async () => {
    expect(await reloadPin(new ScriptedChannel([]), { keyId: 3, reloader: undefined }, LIMITS)).toEqual({ kind: "not-possible" });
  });

  it("have the purse's own templates", () => {
    expect([PURSE_PIN_TEMPLATE, PURSE_PIN_CHANGE_TEMPLATE].map(({ header, minDigits, maxDigits }) => [toHex(header), minDigits, maxDigits])).toEqual([
      ["00200000", 4, 12],
      ["805e0100", 4, 12],
    ]);
    expect(concat(PURSE_PIN_CHANGE_TEMPLATE.separator)).toEqual(fromHex("ff"));
  });
});
