/* Snapshot files: card and module survive, also a process that is killed; what is no snapshot is refused in one line. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { makeTestCard } from "../card/make.ts";
import { Issuer, SELECTS } from "../card/social/testing.ts";
import { expectOk, finishPurchase, openPurchase, send } from "../card/testing.ts";
import { makeTestPsam } from "../psam/make.ts";
import { parseSnapshot, SnapshotKeeper, snapshotText } from "./sim-snapshot.ts";
import { runJsonLines, runLines } from "./testing.ts";

const suite = openCipherSuite();

function someModules() {
  return {
    card: makeTestCard(suite, { balanceFen: 5_000, algorithm: "sm4", pin: "123456", profile: { logSeqMode: "pre" } }),
    module: makeTestPsam(suite),
  };
}

describe("snapshots", () => {
  it("a card and a module that were written down are the same afterwards", () => {
    const modules = someModules();
    finishPurchase(modules.card, modules.module, openPurchase(modules.card, modules.module, { amountFen: 450, level: 2 }));
    const again = parseSnapshot(suite, snapshotText(modules));
    if (!again.ok) throw new Error(again.reason);
    expect(again.value.card.toSnapshot()).toEqual(modules.card.toSnapshot());
    expect(again.value.module.toSnapshot()).toEqual(modules.module.toSnapshot());
  });

  it("a card with every application keeps what each of them remembers", () => {
    const card = makeTestCard(suite, {
      balanceFen: 5_000,
      algorithm: "sm4",
      pin: "246813",
      purse: { passbook: { balanceFen: 7 }, transit: "t-union", greyLock: true, pin: "1234" },
      medicalPurse: { accountFen: 1_000 },
      electronicCash: { balanceFen: 2_000 },
    });
    card.powerUp();
    const issuer = new Issuer(card);
    expectOk(card, SELECTS.environment);
    expectOk(card, "805E010007246813FF135790");
    expect(issuer.prove(0x06, "stk")).toBe("63c9");
    expect(issuer.prove(0x04, "uk-ssse")).toBe("9000");
    expectOk(card, "00DC022803020139");
    expectOk(card, "00A4020002EF07");
    expectOk(card, "00D6000001FF");
    expectOk(card, SELECTS.df07);
    expect(issuer.prove(0x83, "lk")).toBe("9000");
    expectOk(card, issuer.secured("stk", "841E0001", ""));
    const again = parseSnapshot(suite, snapshotText({ card, module: makeTestPsam(suite) }));
    if (!again.ok) throw new Error(again.reason);
    expect(again.value.card.toSnapshot()).toEqual(card.toSnapshot());
    again.value.card.powerUp();
    expect(["00A4040006D1560000050400", SELECTS.environment].map((command) => send(again.value.card, command).slice(-4))).toEqual(["9303", "9000"]);
    expect([send(again.value.card, "0020000003135790"), send(again.value.card, "00B2022800")]).toEqual(["9000", "0201399000"]);
  });

  it("faults are not kept", () => {
    const modules = someModules();
    modules.card.setFaults({ mute: true });
    const again = parseSnapshot(suite, snapshotText(modules));
    expect(again.ok && again.value.card.faults.mute).toBe(false);
  });

  it("the file is ahead of every answer: a simulator that is killed after an answer has not forgotten it", () => {
    const modules = someModules();
    const texts: string[] = [];
    const keeper = new SnapshotKeeper(modules, (text) => texts.push(text));
    const card = keeper.around(modules.card);
    const module = keeper.around(modules.module);
    finishPurchase(card, module, openPurchase(card, module, { amountFen: 450, level: 2 }));
    const last = parseSnapshot(suite, texts.at(-1) ?? "");
    expect(last.ok && last.value.card.balanceFen).toBe(4_550);
    expect(last.ok && last.value.module.terminalSeq).toBe(2);
    const written = texts.length;
    card.transmit(Uint8Array.of(0x80, 0x5c, 0x00, 0x02, 0x04));
    expect(texts).toHaveLength(written);
  });

  it.each([
    ["no JSON", "{"],
    ["something else", "[]"],
    ["another version", (text: string) => text.replace('"version":1', '"version":2')],
    ["a member too many", (text: string) => text.replace('"version":1', '"version":1,"colour":"red"')],
    ["an impossible balance", (text: string) => text.replace('"balanceFen":5000', '"balanceFen":-1')],
    ["a balance as text", (text: string) => text.replace('"balanceFen":5000', '"balanceFen":"5000"')],
    ["a key of another length", (text: string) => text.replace(/"dpkHex":"../, '"dpkHex":"')],
    ["no module", (text: string) => text.replace(/,"module":.*/, "}")],
  ])("refuses %s", (_, broken) => {
    const text = typeof broken === "string" ? broken : broken(snapshotText(someModules()));
    const parsed = parseSnapshot(suite, text);
    expect(parsed.ok ? "" : parsed.reason).toMatch(/no snapshot of a card and a module/);
  });

  it("any text gives an answer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseSnapshot(suite, text).ok).toBe(false);
      }),
    );
  });
});

describe("--snapshot", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ykt-snapshot-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("makes the file for its owner only, and the card of the next run is the same", async () => {
    const snapshot = join(folder, "card.json");
    await runJsonLines({ snapshot, balance: "100", out: true }, ["load 250"]);
    expect(statSync(snapshot).mode & 0o077).toBe(0);
    const { end } = await runJsonLines({ snapshot }, []);
    expect(end).toMatchObject({ balanceFen: 350, initialBalanceFen: 100 });
  });

  it("a random number of the card never comes twice", async () => {
    const snapshot = join(folder, "card.json");
    const challenge = async () => (await runJsonLines({ snapshot }, ["0084000008"])).replies[0]?.["answer"];
    expect(await challenge()).not.toBe(await challenge());
  });

  it.each([
    [{ balance: "5" }, /--balance cannot be changed: card and module come from .*card\.json/],
    [{ fault: "expired" }, /--fault expired cannot be changed/],
    [{ "key-level": "3" }, /--key-level cannot be changed/],
  ])("refuses %j beside a card that exists", async (values, reason) => {
    const snapshot = join(folder, "card.json");
    await runLines({ apdu: true, snapshot }, []);
    const { code, complained } = await runLines({ apdu: true, snapshot, ...values }, []);
    expect(code).toBe(2);
    expect(complained.join("\n")).toMatch(reason);
  });

  it("faults may be chosen anew", async () => {
    const snapshot = join(folder, "card.json");
    await runLines({ apdu: true, snapshot }, []);
    const { replies } = await runJsonLines({ snapshot, fault: "blocked=card" }, ["00A4040008A00000063201010500"]);
    expect(replies[0]).toEqual({ answer: "6a81" });
  });

  it("leaves a file alone that is no snapshot", async () => {
    const snapshot = join(folder, "letter.txt");
    writeFileSync(snapshot, "Dear Sir");
    const { code, complained } = await runLines({ apdu: true, snapshot }, []);
    expect(code).toBe(2);
    expect(complained.join("\n")).toMatch(/letter\.txt: it is no snapshot/);
    expect(readFileSync(snapshot, "utf8")).toBe("Dear Sir");
  });

  it("says when the file cannot be written", async () => {
    const { code, complained } = await runLines({ apdu: true, snapshot: join(folder, "nowhere", "card.json") }, []);
    expect(code).toBe(2);
    expect(complained.join("\n")).toMatch(/the snapshot cannot be written/);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});
