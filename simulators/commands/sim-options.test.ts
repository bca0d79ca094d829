/* Options of `sim`: what is taken, and one clear line for everything that is not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_FAULTS } from "../card/state.ts";
import { NO_PSAM_FAULTS } from "../psam/state.ts";
import { faultsShown, parseCardFaults, parseModuleFaults } from "./sim-faults.ts";
import { parseProfile, readSimOptions, SIM_OPTIONS } from "./sim-options.ts";

describe("readSimOptions", () => {
  it("has a usable card without any choice", () => {
    expect(readSimOptions({ apdu: true })).toMatchObject({ mode: "apdu", speaksTo: "card", card: { balanceFen: 10_000, algorithm: "sm4" }, out: false });
  });

  it.each([
    [{ algorithm: "3des" }, { card: { algorithm: "3des" } }],
    [{ balance: "0" }, { card: { balanceFen: 0 } }],
    [{ serial: "99999999" }, { card: { serial: 99_999_999 } }],
    [{ pin: "1234" }, { card: { pin: "1234" } }],
    [{ generation: "2" }, { card: { generation: "2" } }],
    [{ interface: "contactless" }, { card: { interface: "contactless" } }],
    [{ "length-rule": "t0" }, { card: { lengthRule: "t0" }, module: { lengthRule: "t0" } }],
    [{ "log-seq": "pre" }, { card: { profile: { logSeqMode: "pre" } } }],
    [
      { profile: "macReduce=fold4,psamAlgByteSm4=4" },
      { card: { profile: { macReduce: "fold4", psamAlgByteSm4: 4 } }, module: { profile: { macReduce: "fold4" } } },
    ],
    [{ region: "530100" }, { card: { regionCode: "530100" }, module: { regionCode: "530100" } }],
    [{ generation: "1" }, { card: { generation: "1" } }],
    [{ profile: "contactlessActivation=fileFlag", inactive: true }, { card: { contactlessActive: false, profile: { contactlessActivation: "fileFlag" } } }],
    [{ medical: "1", "medical-alone": "used-on-line" }, { card: { medicalPurse: { accountFen: 1, cardUse: "1" } } }],
    [{ medical: "1", "medical-alone": "forbidden" }, { card: { medicalPurse: { accountFen: 1, offlineAllowed: false } } }],
    [{ medical: "0", cash: "7" }, { card: { medicalPurse: { accountFen: 0 }, electronicCash: { balanceFen: 7 } } }],
    [
      { purse: "transit=t-union,own-city-only,entries-unlogged,card-type=3" },
      { card: { purse: { transit: "t-union", interoperable: false, entriesUnlogged: true, transitCardType: 3 } } },
    ],
    [{ purse: "passbook=5,transit=housing,grey-lock" }, { card: { purse: { passbook: { balanceFen: 5 }, transit: "housing", greyLock: true } } }],
    [{ fault: "slow-instruction=54:900,torn=3:17" }, { cardFaults: { slowInstruction: { ins: 0x54, extraMs: 900 }, commandsUntilTear: 3, tearAtByte: 17 } }],
    [{ fault: "blocked=electronic-cash" }, { cardFaults: { blocked: "electronic-cash" } }],
    [{ scenario: "story.json" }, { scenarioFile: "story.json" }],
    [{ replay: "log.txt" }, { replay: { file: "log.txt", mode: "strict" } }],
    [{ replay: "log.txt", "replay-mode": "loose" }, { replay: { file: "log.txt", mode: "loose" } }],
    [{ "offline-seq": "65535" }, { card: { offlineSeq: 65_535 } }],
    [{ "purse-aid": "A000000632010106" }, { card: { purseAidHex: "A000000632010106" } }],
    [{ "no-algorithm-tag": true }, { card: { showsAlgorithm: false } }],
    [{ "terminal-number": "530100000001" }, { module: { terminalNumber: "530100000001" } }],
    [{ "key-level": "3" }, { module: { purseLevel: 3 } }],
    [{ fault: "mute,slow=250" }, { cardFaults: { mute: true, extraMsPerCommand: 250 } }],
    [{ fault: "expired,wrong-tac" }, { card: { expired: true }, cardFaults: { wrongTac: true } }],
    [{ "module-fault": "locked" }, { moduleFaults: { locked: true } }],
    [{ module: true }, { speaksTo: "module" }],
    [{ out: true }, { out: true }],
    [{ timing: "common" }, { timing: { card: "typical", radio: { kbps: 106 }, reader: { pollMs: 30 } } }],
    [{ timing: "good", "card-speed": "slow" }, { timing: { card: "slow", radio: { kbps: 424 } } }],
  ])("takes %j", (values, expected) => {
    expect(readSimOptions({ apdu: true, ...values })).toMatchObject(expected);
  });

  it.each([
    [{}, /choose one of --apdu, --pcscd and --devices/],
    [{ apdu: true, pcscd: true }, /choose one of --apdu, --pcscd and --devices/],
    [{ pcscd: true, module: true }, /--module belongs to --apdu/],
    [{ apdu: true, keypad: "enters" }, /--keypad belongs to --pcscd/],
    [{ pcscd: true, keypad: "sings" }, /--keypad is one of enters, wrong, cancels, walks-away/],
    [{ apdu: true, timing: "splendid" }, /--timing is one of floor, good, common, bad/],
    [{ apdu: true, timing: "good", "card-speed": "warp" }, /--card-speed is one of fast, typical, slow/],
    [{ apdu: true, "card-speed": "slow" }, /--card-speed belongs to --timing/],
    [{ apdu: true, algorithm: "aes" }, /--algorithm is one of 3des, sm4/],
    [{ apdu: true, balance: "1.50" }, /--balance is a whole number/],
    [{ apdu: true, balance: "1000000000" }, /--balance is a whole number/],
    [{ apdu: true, serial: "-1" }, /--serial is a whole number/],
    [{ apdu: true, generation: "4" }, /--generation is one of 1, 2, 3/],
    [{ apdu: true, interface: "usb" }, /--interface is one of/],
    [{ apdu: true, "length-rule": "t1" }, /--length-rule is one of/],
    [{ apdu: true, "log-seq": "both" }, /--log-seq is one of/],
    [{ apdu: true, profile: "macReduce=right4" }, /"macReduce=right4" does not fit/],
    [{ apdu: true, profile: "psamLevels=2" }, /terminal's own switch/],
    [{ apdu: true, profile: "psamAlgByteSm4=256" }, /does not fit/],
    [{ apdu: true, profile: "constructor=x" }, /does not fit/],
    [{ apdu: true, medical: "-1" }, /--medical: fen from 0/],
    [{ apdu: true, cash: "all" }, /--cash: fen from 0/],
    [{ apdu: true, purse: "passbook" }, /"passbook" is written passbook=<fen>/],
    [{ apdu: true, purse: "pin=12" }, /"pin" is written pin=<4 to 12 digits>/],
    [{ apdu: true, purse: "wallet" }, /there is no "wallet"; known are passbook=<fen>/],
    [{ apdu: true, replay: "" }, /--replay is a file name/],
    [{ apdu: true, scenario: "" }, /--scenario is a file name/],
    [{ apdu: true, "replay-mode": "loose" }, /--replay-mode belongs to --replay/],
    [{ apdu: true, replay: "a", snapshot: "b" }, /--replay has no card that --snapshot could keep/],
    [{ apdu: true, region: "99010" }, /--region is six digits/],
    [{ apdu: true, "offline-seq": "65536" }, /--offline-seq is a whole number from 0 to 65535/],
    [{ apdu: true, "purse-aid": "a0" }, /--purse-aid is 5 to 16 bytes/],
    [{ apdu: true, "terminal-number": "1" }, /--terminal-number is 12 digits/],
    [{ apdu: true, "key-level": "4" }, /--key-level is one of/],
    [{ apdu: true, fault: "smoke" }, /there is no fault "smoke"; known are mute, slow=<ms>/],
    [{ apdu: true, "module-fault": "wrong-mac2" }, /there is no fault "wrong-mac2"; known are mute, slow=<ms>, wrong-mac1/],
    [{ apdu: true, snapshot: "" }, /--snapshot is a file name/],
  ])("refuses %j", (values, problem) => {
    expect(readSimOptions(values)).toMatch(problem);
  });

  it("names every problem at once, one a line, and repeats no PIN", () => {
    const problems = readSimOptions({ apdu: true, pin: "12a456", balance: "x", fault: "slow=soon" });
    expect(String(problems).split("\n")).toHaveLength(3);
    expect(problems).not.toMatch(/12a456/);
  });

  it("lists the options that a snapshot would silence", () => {
    expect(readSimOptions({ apdu: true, balance: "5", fault: "expired,mute" })).toMatchObject({ personalizing: ["--balance", "--fault expired"] });
  });

  it("explains every option", () => {
    for (const [name, option] of Object.entries(SIM_OPTIONS)) expect(option.summary, name).not.toBe("");
  });
});

describe("faults in words", () => {
  it.each([
    ["mute", { mute: true }],
    ["slow=0", { extraMsPerCommand: 0 }],
    ["wrong-mac2", { wrongMac2: true }],
    ["wrong-tac", { wrongTac: true }],
    ["blocked=purse", { blocked: "purse" }],
    ["blocked=social", { blocked: "social" }],
    ["blocked=card", { blocked: "card" }],
    ["counter-exhausted", { counterExhausted: true }],
    ["torn=0:before", { commandsUntilTear: 0, tearAt: "before" }],
    ["torn=3:during", { commandsUntilTear: 3, tearAt: "during" }],
    ["torn=10:after", { commandsUntilTear: 10, tearAt: "after" }],
    ["proof-dropped", { proofDroppedByNextInit: true }],
    [" mute , wrong-tac ", { mute: true, wrongTac: true }],
    ["none", NO_FAULTS],
  ])("%s", (text, value) => {
    expect(parseCardFaults(text)).toEqual({ ok: true, value });
  });

  it.each([
    ["slow", "slow=<ms>"],
    ["slow=-1", "slow=<ms>"],
    ["slow=600001", "slow=<ms>"],
    ["mute=yes", "written mute"],
    ["blocked", "blocked=<purse|social|electronic-cash|card>"],
    ["blocked=door", "blocked=<purse|social|electronic-cash|card>"],
    ["torn", "torn=<n commands>"],
    ["torn=3", "torn=<n commands>"],
    ["torn=x:after", "torn=<n commands>"],
    ["torn=3:later", "torn=<n commands>"],
    ["torn=3:after:all", "torn=<n commands>"],
    ["", "there is no fault"],
    ["mute,", "there is no fault"],
    ["none,mute", "there is no fault"],
  ])("refuses %j", (text, reason) => {
    const parsed = parseCardFaults(text);
    expect(parsed.ok ? "" : parsed.reason).toContain(reason);
  });

  it("module faults have words of their own", () => {
    expect(parseModuleFaults("wrong-mac1,torn=1:after")).toEqual({ ok: true, value: { wrongMac1: true, commandsUntilTear: 1, tearAt: "after" } });
  });

  it("any text gives an answer", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof parseCardFaults(text).ok).toBe("boolean");
        expect(typeof parseModuleFaults(text).ok).toBe("boolean");
        expect(typeof parseProfile(text).ok).toBe("boolean");
      }),
    );
  });

  it("every switch of a card has a word", () => {
    const switches = Object.entries(NO_FAULTS).flatMap(([name, value]) => (value === false ? [name] : []));
    const shown = faultsShown({ ...NO_FAULTS, ...Object.fromEntries(switches.map((name) => [name, true])) });
    const parsed = parseCardFaults(shown);
    expect(parsed.ok && Object.keys(parsed.value).sort()).toEqual(switches.sort());
  });

  it.each([
    "mute,wrong-mac2,wrong-tac,counter-exhausted,proof-dropped",
    "slow=250",
    "memory-trouble=written",
    "slow-instruction=5c:9",
    "torn=2:17",
    "blocked=card",
    "torn=3:during",
    "mute,slow=1,blocked=purse,torn=0:after",
  ])("card faults %s are shown as they are written", (text) => {
    const parsed = parseCardFaults(text);
    expect(
      parsed.ok &&
        faultsShown({ ...NO_FAULTS, ...parsed.value })
          .split(",")
          .sort(),
    ).toEqual(text.split(",").sort());
  });

  it.each(["mute,wrong-mac1,locked", "slow=9,torn=1:before"])("module faults %s are shown as they are written", (text) => {
    const parsed = parseModuleFaults(text);
    expect(parsed.ok && faultsShown({ ...NO_PSAM_FAULTS, ...parsed.value })).toBe(text);
  });

  it("no fault is shown as the word that clears all", () => {
    expect([faultsShown(NO_FAULTS), faultsShown(NO_PSAM_FAULTS)]).toEqual(["none", "none"]);
  });
});
