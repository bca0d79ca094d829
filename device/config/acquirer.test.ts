import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_ACQUIRER } from "../txn/acquirer-host/defaults.ts";
import { acquirerConfig, acquirerProfileOf } from "./acquirer.ts";

const LEAST = {
  connection: { kind: "mqtt" },
  terminalNumber: "00000001",
  merchantNumber: "898530100000001",
  tpdu: { destination: "0003" },
  headerHex: "603100310001",
};
const TCP = { kind: "tcp", host: "front.example", port: 8_583 };

const SM4_PIN = { which: "pin", zeros: 0, checkBytes: 8 } as const;
const SM4_MAC = { which: "mac", zeros: 0, checkBytes: 8 } as const;
const SM4_KEYS = { network: "005", keys: [SM4_PIN, SM4_MAC] } as const;
const SM4 = { keyScheme: "sm4", macMethod: "sm4", sm4Keys: SM4_KEYS } as const;

const profile = (changes: object = {}) => acquirerProfileOf(acquirerConfig.parse({ ...LEAST, ...changes }));
const problems = (changes: object) =>
  acquirerConfig.safeParse({ ...LEAST, ...changes }).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

describe("what is said of the acquirer", () => {
  it("is who the terminal is and where messages go; every switch has the code's own default", () => {
    const { terminalNumber, merchantNumber, tpdu, headerHex, ...switches } = profile();
    expect(switches).toEqual(DEFAULT_ACQUIRER);
    expect([terminalNumber, merchantNumber, tpdu, headerHex]).toEqual(["00000001", "898530100000001", { destination: "0003", source: "0000" }, "603100310001"]);
  });

  it("offers nothing by default that nobody has confirmed", () => {
    const { downloads, ...rest } = profile();
    expect(downloads).toEqual([]);
    for (const name of ["withdrawalCode", "loadCode", "purseLoad", "networkCode", "securityControl", "trackData"]) expect(rest).not.toHaveProperty(name);
  });

  it("counts as many bytes of a check value as the key scheme has", () => {
    expect(profile({ keyScheme: "triple-19-57" }).checkValueBytes).toBe(3);
    expect(profile({ keyScheme: "des-24", checkValueBytes: 3 }).checkValueBytes).toBe(3);
  });

  it("takes SM4 keys as its acquirer tells them, with PIN blocks of sixteen bytes", () => {
    expect(profile(SM4)).toMatchObject({ ...SM4, checkValueBytes: 8, pinBlockBytes: 16 });
    expect(profile({ ...SM4, checkValueBytes: 4 }).checkValueBytes).toBe(4);
    expect(profile()).not.toHaveProperty("pinBlockBytes");
  });

  it("keeps what an acquirer says otherwise", () => {
    const said = {
      withdrawalCode: "010000",
      withdrawalMessageCode: "22",
      loadCode: "45",
      loadProcessingCode: "600000",
      purseLoad: { type: "0200", code: "40" },
      networkCode: "000",
      securityControl: "2600000000000000",
      trackData: "nibble-d",
      offlineUpload: { type: "0220", accepted: ["00"], tries: 5 },
      downloads: ["exception-list", "ca-keys"],
    };
    expect(profile(said)).toMatchObject(said);
  });

  it("speaks straight to the acquirer where it is told where that is", () =>
    expect(acquirerConfig.parse({ ...LEAST, connection: TCP }).connection).toEqual({ ...TCP, connectTimeoutMs: 10_000 }));

  it.each<[string, object, RegExp]>([
    ["a misspelled switch", { macApplyTo: "all" }, /macApplyTo/],
    ["a short terminal number", { terminalNumber: "1" }, /^terminalNumber: 8 characters/],
    ["a header that is not hexadecimal", { headerHex: "60310031000g" }, /^headerHex: /],
    ["a connection of no kind", { connection: { kind: "udp" } }, /^connection/],
    ["a broker with a port", { connection: { kind: "mqtt", port: 1 } }, /^connection: .*port/],
    ["a host with a path", { connection: { ...TCP, host: "front.example/x" } }, /^connection\.host: a name or an address/],
    ["a certificate without its key", { connection: { ...TCP, tls: { certFile: "/a" } } }, /^connection\.tls: a certificate and its key/],
    ["SM4 keys whose layout nobody has told", { keyScheme: "sm4", macMethod: "sm4" }, /^sm4Keys: .*no published layout/],
    ["a layout of SM4 keys beside others", { sm4Keys: SM4_KEYS }, /^sm4Keys: goes with/],
    ["a MAC of another cipher than the keys", { keyScheme: "sm4", sm4Keys: SM4_KEYS }, /^macMethod: .*together/],
    ["SM4 MACs with other keys", { macMethod: "sm4" }, /^macMethod: .*together/],
    ["SM4 without a MAC key", { ...SM4, sm4Keys: { network: "005", keys: [SM4_PIN, { ...SM4_PIN, which: "track" }] } }, /^sm4Keys\.keys: .*each once/],
    ["an SM4 key that is named twice", { ...SM4, sm4Keys: { network: "005", keys: [SM4_PIN, SM4_MAC, SM4_MAC] } }, /^sm4Keys\.keys: .*each once/],
    ["check values of two bytes", { ...SM4, sm4Keys: { network: "005", keys: [SM4_PIN, { ...SM4_MAC, checkBytes: 2 }] } }, /^sm4Keys\.keys\.1\.checkBytes/],
    ["more bytes of an SM4 check value than there are", { ...SM4, checkValueBytes: 9 }, /^checkValueBytes: .*8 bytes/],
    ["tracks in the clear beside a track key", { keyScheme: "tdes-track-60", trackData: "nibble-d" }, /^trackData: .*in the clear/],
    [
      "the same with SM4",
      { ...SM4, sm4Keys: { network: "005", keys: [SM4_PIN, SM4_MAC, { ...SM4_PIN, which: "track" }] }, trackData: "nibble-d" },
      /^trackData/,
    ],
    ["four bytes of check values that have three", { keyScheme: "triple-19-57", checkValueBytes: 4 }, /^checkValueBytes: this key scheme/],
    ["PIN lengths the wrong way round", { pinDigits: { min: 8, max: 6 } }, /^pinDigits: /],
    ["a processing code of a load that is not offered", { loadProcessingCode: "600000" }, /^loadProcessingCode: no load/],
    ["a message code of a withdrawal that is not offered", { withdrawalMessageCode: "22" }, /^withdrawalMessageCode: no withdrawal/],
    ["a download named twice", { downloads: ["ca-keys", "ca-keys"] }, /^downloads: each once/],
    ["a batch of more than three digits", { batchMax: 1_000 }, /^batchMax/],
  ])("refuses %s", (_, changes, said) => expect(problems(changes).join("\n")).toMatch(said));
});

describe("the page about the acquirer's configuration", () => {
  const page = readFileSync(new URL("../../docs/iso8583.md", import.meta.url), "utf8").split("\n## Configuration\n")[1] ?? "";
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.*?) \| /gm)].map(([, name = "", said = ""]) => [name, said] as const);

  it("names every switch, and no other", () => expect(rows.map(([name]) => name)).toEqual(Object.keys(acquirerConfig.shape)));

  it.each(rows)("%s: %s", (name, said) => {
    const parsed: Readonly<Record<string, unknown>> = acquirerConfig.parse(LEAST);
    if (name in LEAST) expect(said).toBe("required");
    else if (parsed[name] === undefined) expect(said).toBe(name === "checkValueBytes" ? "as the scheme has" : "absent");
    else expect(said).toBe(`\`${JSON.stringify(parsed[name])}\``);
  });
});
