/*
 * Programs that were not written here read the simulated card through the real PC/SC service: pcsc_scan its answer to reset, cardpeek's
 * EMV script its electronic cash. What they made of it is written to build/other-readers for people.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseApduLog } from "../device/codec/apdu-log.ts";
import { defaultHandlerPath } from "../simulators/reader/pcscd.ts";
import { type OtherReaders, otherReadersObstacle, type PeekedCard, peek, scan } from "./benches/other-readers.ts";
import { PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = pcscdLaneObstacle() ?? otherReadersObstacle();
const READER = "SIM Counter 00 00";
const BALANCE_FEN = 12_345;

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe.skipIf(obstacle !== undefined)(`readers that were not written here${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let stage: PcscdStage;
  let home: string;
  let scanned: string;
  let peeked: PeekedCard;

  beforeAll(async () => {
    stage = await PcscdStage.start();
    home = mkdtempSync(join(tmpdir(), "ykt-peek-"));
    await stage.insert(await stage.makeCard({ interface: "contact", electronicCash: { balanceFen: BALANCE_FEN } }));
    const readers: OtherReaders = { home, environment: stage.service.environment };
    scanned = await scan(readers);
    peeked = await peek(readers, READER);
    const folder = join(dirname(defaultHandlerPath()), "other-readers");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "pcsc_scan.txt"), scanned);
    writeFileSync(join(folder, "cardpeek.xml"), peeked.view);
    writeFileSync(join(folder, "cardpeek.clf"), peeked.trace);
  });

  afterAll(async () => {
    await stage.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it("pcsc_scan finds the card and takes its answer to reset apart", () => {
    expect(scanned).toContain(READER);
    expect(scanned).toMatch(/3B 6D 00 00 00 81 54 4C 53 86 60 99 01/);
    expect(scanned).toContain("Historical bytes: 00 81 54 4C 53 86 60 99 01");
  });

  it("cardpeek finds the payment environment and the application in it", () => {
    expect(peeked.view).toContain("1PAY.SYS.DDF01");
    expect(peeked.view.toUpperCase()).toContain("A000000333010106");
  });

  it.each([
    ["GET PROCESSING OPTIONS is answered", /^C:80A80000[0-9A-F]+:9000:(?:80|77)/m],
    ["records are read", /^C:00B2[0-9A-F]+:9000:70/m],
    ["the counter of transactions is read", /^C:80CA9F36[0-9A-F]*:9000:9F3602/m],
  ])("cardpeek: %s", (_name, expected) => {
    expect(peeked.trace).toMatch(expected);
  });

  it.each(["Application Expiration Date", "Application PAN", "Track 2 Equivalent Data", "ICC Public Key Certificate", "Application Transaction Counter (ATC)"])(
    "cardpeek understands: %s",
    (label) => {
      expect(peeked.view).toContain(label);
    },
  );

  it("every record that the file locator names was given", () => {
    const refused = peeked.trace.split("\n").filter((line) => line.startsWith("C:00B2") && !line.includes(":9000:") && !/:6A8[23]:|:6985:/.test(line));
    expect(refused).toEqual([]);
  });

  it("the trace reads as a dialogue here too", () => {
    const text = peeked.trace.replaceAll(/^R:/gm, "ATR: ").replaceAll(/^C:([0-9A-F]+):([0-9A-F]{4}):([0-9A-F]*)$/gm, "> $1\n< $3$2");
    expect(parseApduLog(text).entries.filter(({ kind }) => kind === "exchange").length).toBeGreaterThan(10);
  });
});
