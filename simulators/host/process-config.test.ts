import { expect, test } from "vitest";
import { utf8 } from "../../device/base/bytes.ts";
import { clearHostFaults, happens, noHostFaults, parseHostFaults } from "./faults.ts";
import { applyInsurerFault, noInsurerFaults } from "./medical/insurer-faults.ts";
import { matchesFilter } from "./mqtt-link.ts";
import { parseProcessConfig } from "./process-config.ts";

const KEYS = { signingScalarHex: "11".repeat(32), dataKeysHex: { "data-1": "22".repeat(16) } };
const TERMINALS = [{ tid: "T001", publicKeyHex: "33".repeat(64), kids: ["data-1"] }];
const GOOD = { brokerUrl: "mqtt://127.0.0.1:1883", terminals: TERMINALS, keys: KEYS };

function parse(config: unknown) {
  return parseProcessConfig(utf8(typeof config === "string" ? config : JSON.stringify(config)), (path) =>
    utf8(path === "t.json" ? JSON.stringify({ terminals: TERMINALS }) : "x"),
  );
}

test("a configuration with what is needed gets defaults for the rest", () => {
  expect(parse(GOOD)).toMatchObject({
    ok: true,
    config: {
      clientId: "pos-host",
      ledgerFile: ":memory:",
      insurerFile: ":memory:",
      insurerVariants: {},
      gateway: undefined,
      faults: {},
      terminals: TERMINALS,
    },
  });
  expect(parse({ ...GOOD, terminals: undefined, terminalsFile: "t.json" })).toMatchObject({ ok: true, config: { terminals: TERMINALS } });
});

const REFUSED: readonly (readonly [reason: string, config: unknown])[] = [
  ["the configuration is no JSON object", "nonsense"],
  ["unknown member brokerURL", { ...GOOD, brokerURL: "x" }],
  ["brokerUrl is missing", { ...GOOD, brokerUrl: undefined }],
  ["terminals are missing or malformed", { ...GOOD, terminals: undefined }],
  ["terminals are missing or malformed", { ...GOOD, terminals: [{ tid: "T001", publicKeyHex: "33", kids: [] }] }],
  ["terminals are missing or malformed", { ...GOOD, terminalsFile: "broken.json" }],
  ["keys are missing or malformed", { ...GOOD, keys: { ...KEYS, signingScalarHex: "11" } }],
  ["keys are missing or malformed", { ...GOOD, keys: { ...KEYS, dataKeysHex: { a: "zz" } } }],
  ["tls needs caFile, certFile and keyFile", { ...GOOD, tls: { caFile: "a" } }],
  ["reconnectWindowMs is a whole number of at least 0", { ...GOOD, reconnectWindowMs: "soon" }],
  ["faults: unknown switch dropAll", { ...GOOD, faults: { dropAll: 1 } }],
  ["insurerVariants: not-an-object", { ...GOOD, insurerVariants: [] }],
  ["insurerVariants: unknown variant amount", { ...GOOD, insurerVariants: { amount: "text" } }],
  ["insurerVariants: amounts takes one of text, number", { ...GOOD, insurerVariants: { amounts: "words" } }],
  ["insurerVariants: eCodeValidMs takes a number of milliseconds", { ...GOOD, insurerVariants: { eCodeValidMs: -1 } }],
  ["insurerVariants: municipalities takes a list of texts", { ...GOOD, insurerVariants: { municipalities: [11] } }],
  ["insurerVariants: receivers takes texts by name", { ...GOOD, insurerVariants: { receivers: { "22": 1 } } }],
  ["insurerVariants: refuseDuplicateMsgid takes true or false", { ...GOOD, insurerVariants: { refuseDuplicateMsgid: "yes" } }],
  ["acquirer: unknown member files", { ...GOOD, acquirer: { files: "x" } }],
  ["agency: not-an-object", { ...GOOD, agency: [] }],
  ["agency: unknown member files", { ...GOOD, agency: { files: "x" } }],
  ["agency: file takes a text, variants an object", { ...GOOD, agency: { file: 1 } }],
  ["agency: unknown variant dance", { ...GOOD, agency: { variants: { dance: 1 } } }],
  ["agency: lapseRule takes one of 168-hours, 2-working-days, none", { ...GOOD, agency: { variants: { lapseRule: "never" } } }],
  ["agency: pinVariants takes a list of module, key-machine", { ...GOOD, agency: { variants: { pinVariants: ["all"] } } }],
  ["agency: initialPin takes 4 to 12 digits", { ...GOOD, agency: { variants: { initialPin: "12" } } }],
  ["agency: statementLiftsBlock takes true or false", { ...GOOD, agency: { variants: { statementLiftsBlock: "yes" } } }],
  ["gateway needs paasid and token, and takes tls, port and path", { ...GOOD, gateway: { paasid: "p" } }],
  ["gateway needs paasid and token, and takes tls, port and path", { ...GOOD, gateway: { paasid: "p", token: "t", port: 65_536 } }],
  ["gateway needs paasid and token, and takes tls, port and path", { ...GOOD, gateway: { paasid: "p", token: "t", path: "no-slash" } }],
];

test.each(REFUSED)("a configuration is refused by name: %s", (reason, config) => {
  expect(parse(config)).toEqual({ ok: false, reason });
});

test("variants of the insurer and a gateway in front of it", () => {
  const insurerVariants = { amounts: "number", receivers: { "22": "GSXT" }, signInValidMs: 1_000, municipalities: ["11"], refuseDuplicateMsgid: true };
  const gateway = { paasid: "p", token: "t", tls: true };
  expect(parse({ ...GOOD, insurerVariants, gateway })).toMatchObject({
    ok: true,
    config: { insurerVariants, gateway: { ...gateway, port: 0, path: undefined } },
  });
});

const SWITCHES: readonly (readonly [value: unknown, reason: string | undefined])[] = [
  [{ vanished: true, slowMs: 5 }, undefined],
  [{ vanished: 1 }, "vanished takes a boolean"],
  [{ slowMs: -1 }, "slowMs is at least 0"],
  [{ dropReceiptProbability: 1.5 }, "dropReceiptProbability is at most 1"],
  [{ toString: 1 }, "unknown switch toString"],
  [[], "not-an-object"],
];

test.each(SWITCHES)("fault switches %j", (value, reason) => {
  expect(parseHostFaults(value)).toMatchObject(reason === undefined ? { ok: true } : { ok: false, reason });
});

test("clearing puts every switch back", () => {
  const faults = noHostFaults({ vanished: true, slowMs: 9, drain: false });
  clearHostFaults(faults);
  expect(faults).toEqual(noHostFaults());
});

test("chance is drawn only where it matters", () => {
  const drawn = {
    count: 0,
    bytes: (length: number) => {
      drawn.count += 1;
      return new Uint8Array(length).fill(0x80);
    },
  };
  expect([happens(drawn, 0), happens(drawn, 1), drawn.count]).toEqual([false, true, 0]);
  expect([happens(drawn, 0.4), happens(drawn, 0.6), drawn.count]).toEqual([false, true, 2]);
});

const INSTRUCTIONS: readonly (readonly [value: unknown, wrong: string | undefined])[] = [
  [{ infno: "2102", fault: "slow", slowMs: 100 }, undefined],
  [{ infno: "2102", fault: "no-reply-booked", probability: 0.5 }, undefined],
  [{ absent: true }, undefined],
  [{ brokenSum: "cash" }, undefined],
  [{ brokenSum: "all" }, "nothing to set"],
  [{ statementRowsMissing: 2 }, undefined],
  [{ statementRowsMissing: -1 }, "nothing to set"],
  [{ infno: "3505A", fault: "code-1" }, undefined],
  [{ infno: "2102", fault: "explode" }, "infno and the name of a fault are needed"],
  [{ fault: "slow" }, "infno and the name of a fault are needed"],
  ["x", "not-an-object"],
];

test.each(INSTRUCTIONS)("instructions to the insurer %j", (value, wrong) => {
  expect(applyInsurerFault(noInsurerFaults(), value)).toBe(wrong);
});

const FILTERS: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ["pos/v1/+/up/txn", "pos/v1/T001/up/txn", true],
  ["pos/v1/+/up/txn", "pos/v1/T001/up/hb", false],
  ["pos/v1/+/up/txn", "pos/v1/a/b/up/txn", false],
  ["pos/v1/+/up/#", "pos/v1/T001/up/txn", true],
  ["pos/v1/+/up/#", "pos/v1/T001/dn/rcpt", false],
  ["pos/v1/+", "pos/v1/T001/up", false],
  ["pos/v1/+/up", "pos/v1/T001", false],
  ["#", "a/b/c", true],
];

test.each(FILTERS)("filter %s on topic %s", (filter, topic, matches) => {
  expect(matchesFilter(filter, topic)).toBe(matches);
});
