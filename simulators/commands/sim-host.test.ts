/* Options of `host` and the folder that it fills: keys that a terminal can read, and nothing overwritten. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../device/base/bytes.ts";
import { loadKeys } from "../../device/config/keys.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { parseProcessConfig } from "../host/process-config.ts";
import { SeededRandomness } from "../world/seeded-randomness.ts";
import { openHostFolder } from "./sim-host-folder.ts";
import { parseAcquirerFaultList, parseAgencyFaultList, parseHostFaultList, parseInsurerFaultList, readHostOptions } from "./sim-host-options.ts";

const suite = openCipherSuite();

describe("readHostOptions", () => {
  it.each([
    [{ embedded: true }, { broker: { kind: "embedded", port: 0, address: "127.0.0.1" }, terminals: ["T001"] }],
    [{ embedded: true, port: "1883", listen: "0.0.0.0" }, { broker: { kind: "embedded", port: 1883, address: "0.0.0.0" } }],
    [{ broker: "mqtts://broker.example:8883" }, { broker: { kind: "url", url: "mqtts://broker.example:8883" } }],
    [{ config: "host.json" }, { broker: { kind: "configured" }, configFile: "host.json" }],
    [
      { config: "host.json", embedded: true },
      { broker: { kind: "embedded" }, configFile: "host.json" },
    ],
    [{ embedded: true, terminal: "A1, B_2" }, { terminals: ["A1", "B_2"] }],
    [{ embedded: true, fault: "vanished,dropNextReceipts=2,drain=false" }, { faults: { vanished: true, dropNextReceipts: 2, drain: false } }],
    [{ embedded: true, "insurer-fault": "absent" }, { insurerFaults: [{ absent: true }] }],
    [
      { embedded: true, "acquirer-fault": "absent", "acquirer-port": "0" },
      { acquirerFaults: [{ absent: true }], acquirerPort: 0 },
    ],
  ])("takes %j", (values, expected) => {
    expect(readHostOptions(values)).toMatchObject(expected);
  });

  it.each([
    [{}, /choose --broker <address>, or --embedded/],
    [{ embedded: true, broker: "mqtt://x" }, /choose one of --broker and --embedded/],
    [{ broker: "localhost" }, /--broker is an address/],
    [{ broker: "mqtt://me:secret@broker" }, /without a password in it/],
    [{ broker: "mqtt://x", port: "1" }, /--port and --listen belong to --embedded/],
    [{ embedded: true, port: "65536" }, /--port is a number/],
    [{ embedded: true, terminal: "a/b" }, /--terminal is a comma list/],
    [{ config: "host.json", folder: "x" }, /leave out --folder and --terminal/],
    [{ embedded: true, fault: "asleep" }, /--fault: unknown switch asleep/],
    [{ embedded: true, fault: "dropReceiptProbability=2" }, /--fault: dropReceiptProbability is at most 1/],
    [{ embedded: true, fault: "slowMs" }, /--fault: slowMs takes a number/],
    [{ embedded: true, "agency-fault": "activate:dance" }, /--agency-fault: "activate:dance": service and a fault are needed/],
    [{ embedded: true, "agency-fault": "activate" }, /"activate": it does not fit/],
    [{ embedded: true, "insurer-fault": "2102:dance" }, /--insurer-fault: "2102:dance"/],
    [{ embedded: true, "insurer-fault": "broken-sum=all" }, /--insurer-fault: "broken-sum=all": nothing to set/],
    [{ embedded: true, "insurer-fault": "2102" }, /"2102": it does not fit/],
    [{ embedded: true, "acquirer-fault": "0200:dance" }, /--acquirer-fault: "0200:dance": of, such as 0200/],
    [{ embedded: true, "acquirer-fault": "difference=all" }, /"difference=all": nothing to set/],
    [{ embedded: true, "acquirer-fault": "0200" }, /"0200": it does not fit/],
    [{ embedded: true, "acquirer-port": "65536" }, /--acquirer-port is a number/],
    [{ config: "host.json", "acquirer-port": "0" }, /--acquirer-port stands in the configuration file/],
  ])("refuses %j", (values, problem) => {
    expect(readHostOptions(values)).toMatch(problem);
  });

  it("insurer faults become what the running host takes", () => {
    expect(parseInsurerFaultList("broken-sum=cash,2102:late-booking=5000,2101:slow=10,2601:refusal")).toEqual({
      ok: true,
      value: [
        { brokenSum: "cash" },
        { infno: "2102", fault: "late-booking", lateMs: 5_000, slowMs: 0 },
        { infno: "2101", fault: "slow", lateMs: 10, slowMs: 10 },
        { infno: "2601", fault: "refusal" },
      ],
    });
  });

  it("acquirer faults become what the running host takes", () => {
    expect(parseAcquirerFaultList("difference=extra-row,0200/000000:late-approval=5000,0400:slow=10,0500:decline")).toEqual({
      ok: true,
      value: [
        { difference: "extra-row" },
        { of: "0200/000000", fault: "late-approval", lateMs: 5_000 },
        { of: "0400", fault: "slow", slowMs: 10 },
        { of: "0500", fault: "decline" },
      ],
    });
  });

  it("agency faults become what the running host takes", () => {
    expect(parseAgencyFaultList("absent,contribution-confirm:reply-lost,*:slow=10,activate:late=5000")).toEqual({
      ok: true,
      value: [
        { absent: true },
        { service: "contribution-confirm", fault: "reply-lost" },
        { service: "*", fault: "slow", slowMs: 10 },
        { service: "activate", fault: "late", lateMs: 5_000 },
      ],
    });
  });

  it("any text gives an answer", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof parseHostFaultList(text).ok).toBe("boolean");
        expect(typeof parseInsurerFaultList(text).ok).toBe("boolean");
        expect(typeof parseAcquirerFaultList(text).ok).toBe("boolean");
        expect(typeof parseAgencyFaultList(text).ok).toBe("boolean");
      }),
    );
  });
});

describe("openHostFolder", () => {
  let folder: string;
  const tools = { suite, randomness: new SeededRandomness("folder") };
  const open = (...terminals: string[]) => openHostFolder(folder, terminals, tools);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ykt-folder-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("makes keys that the terminal reads and the host's configuration accepts, for their owner only", () => {
    const opened = open("T001");
    if (!opened.ok) throw new Error(opened.reason);
    const keyFile = opened.value.keyFiles["T001"] ?? "";
    const keys = loadKeys(new Uint8Array(readFileSync(keyFile)), { suite, profile: "production" });
    const config = parseProcessConfig(new TextEncoder().encode(JSON.stringify({ brokerUrl: "mqtt://x", ...opened.value.config })), readFileSync);
    if (!config.ok) throw new Error(config.reason);
    expect(config.config.terminals).toEqual([{ tid: "T001", publicKeyHex: toHex(keys.signing.publicKey.point), kids: ["data-1"] }]);
    const text = new TextEncoder().encode("a batch");
    const hostKey = suite.sm2PrivateKey(Uint8Array.from(Buffer.from(config.config.keys.signingScalarHex, "hex")));
    expect(suite.sm2Verify(keys.hostKey, text, suite.sm2Sign(hostKey, text))).toBe(true);
    expect(statSync(keyFile).mode & 0o077).toBe(0);
    expect(statSync(join(folder, "host-keys.json")).mode & 0o077).toBe(0);
  });

  it("keeps what is there and adds new terminals with keys of their own", () => {
    open("T001");
    const [hostKeys, first] = [read("host-keys.json"), read("T001.keys")];
    expect(open("T001", "T002").ok).toBe(true);
    expect([read("host-keys.json"), read("T001.keys")]).toEqual([hostKeys, first]);
    expect(read("T002.keys")).not.toBe(first);
    expect(JSON.parse(read("terminals.json"))).toMatchObject({ terminals: [{ tid: "T001" }, { tid: "T002" }] });
  });

  it.each([
    ["host-keys.json", "{}", /host-keys\.json is not a file of this command/],
    ["terminals.json", "no", /terminals\.json cannot be read: it is no JSON/],
    ["T001.keys", "signing-scalar = 00", /T001\.keys is there, but .*terminals\.json does not know the terminal/],
  ])("leaves a foreign %s alone and says so", (name, text, reason) => {
    writeFileSync(join(folder, name), text);
    const opened = open("T001");
    expect(opened.ok ? "" : opened.reason).toMatch(reason);
    expect(read(name)).toBe(text);
    expect(readdirSync(folder)).not.toContain("ledger.db");
  });
});
