import { describe, expect, test } from "vitest";
import { DEFAULT_DELAYED_CHARGE } from "../txn/delayed-charge/settings.ts";
import { DEFAULT_GATE_POLICY } from "../txn/gate/lane.ts";
import { gateSettingsOf } from "./gate.ts";
import { parseTerminalConfig } from "./schema.ts";
import { exampleConfig } from "./testing.ts";

const AUTHORITIES = [{ kind: "rsa", rid: "a000000333", index: 1, expiryDate: "20301231", checkHex: "aabbcc", modulusHex: "00".repeat(128), exponentHex: "03" }];

function lane(name: string, changes: Readonly<Record<string, unknown>> = {}) {
  return {
    name,
    direction: "entry",
    place: "00010001",
    readers: { user: { interface: "contactless", nameIncludes: [`${name} card`] }, sam: { interface: "sam", nameIncludes: [`${name} module`] } },
    device: { adapter: "gateRelay", port: { path: `/dev/ttyUSB${name}` } },
    ...changes,
  };
}

function gate(changes: Readonly<Record<string, unknown>> = {}) {
  return { gate: { city: "5300", acquirer: "0000000000005300", fareTables: ["metro.json"], lanes: [lane("a"), lane("b")], ...changes } };
}

function withUser(name: string, nameIncludes: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  const { readers } = lane(name);
  return lane(name, { readers: { ...readers, user: { ...readers.user, nameIncludes, ...more } } });
}

function withSam(name: string, more: Readonly<Record<string, unknown>>) {
  const { readers } = lane(name);
  return lane(name, { readers: { ...readers, sam: { interface: "sam", nameIncludes: ["Twin"], ...more } } });
}

function exampleCash(): Readonly<Record<string, unknown>> {
  return { merchantId: "990100000000001", merchantCategory: "4111", merchantName: "TEST", terminalCode: "T0000001", authorities: AUTHORITIES };
}

function problemsOf(changes: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = parseTerminalConfig(exampleConfig(changes));
  return parsed.ok ? [] : parsed.problems;
}

describe("the gate's part of a configuration", () => {
  test("has the defaults of the code for everything in which operators differ", () => {
    const parsed = parseTerminalConfig(exampleConfig(gate()));
    if (!parsed.ok) throw new Error(parsed.problems.join("; "));
    if (parsed.config.gate === undefined) throw new Error("it names a gate");
    const { policy, lanes } = gateSettingsOf(parsed.config.gate);
    expect(policy).toEqual(DEFAULT_GATE_POLICY);
    expect(lanes.map(({ name, mode, industry, city }) => [name, mode, industry, city])).toEqual([
      ["a", "journey", 1, "5300"],
      ["b", "journey", 1, "5300"],
    ]);
  });

  test("takes bank cards that are charged later where it says so, after the card's own purses", () => {
    const delayedCharge = { odaDelayedCharge: "on", firstUse: "accept", firstRideLimitFen: 600 };
    const later = { purses: ["compound", "delayed-charge"], delayedCharge, lanes: [lane("a"), lane("b", { mode: "single" })] };
    const settings = [{}, later].map((changes) => {
      const parsed = parseTerminalConfig(exampleConfig({ ...gate(changes), electronicCash: exampleCash() }));
      if (!parsed.ok || parsed.config.gate === undefined) throw new Error("it names a gate");
      return gateSettingsOf(parsed.config.gate);
    });
    expect(settings.map(({ purses }) => purses.map(({ kind }) => kind))).toEqual([["compound"], ["compound", "delayed-charge"]]);
    expect(settings.map(({ delayedCharge: profile }) => profile)).toEqual([undefined, { ...DEFAULT_DELAYED_CHARGE, ...delayedCharge }]);
  });

  test.each([
    [
      "bank cards that are charged later without the profile",
      { purses: ["delayed-charge"], lanes: [lane("a", { mode: "single" })] },
      "gate.delayedCharge.odaDelayedCharge",
    ],
    ["the profile without its purse", { delayedCharge: { odaDelayedCharge: "on" } }, "gate.delayedCharge.odaDelayedCharge"],
    ["bank cards that are charged later for journeys", { purses: ["delayed-charge"], delayedCharge: { odaDelayedCharge: "on" } }, "gate.purses"],
    ["a purse that is asked twice", { purses: ["compound", "compound"] }, "gate.purses"],
    ["a lane without a name of its own", { lanes: [lane("a"), { ...lane("b"), name: "a" }] }, "gate.lanes.1.name"],
    ["two lanes at one reader", { lanes: [lane("a"), { ...lane("b"), readers: lane("a").readers }] }, "gate.lanes.1.readers.user"],
    [
      "two lanes at one reader by the order of words",
      { lanes: [withUser("a", ["Lane", "PICC"]), withUser("b", ["picc", "lane"])] },
      "gate.lanes.1.readers.user",
    ],
    ["two lanes of which one's words fit the other's reader", { lanes: [withUser("a", ["Lane 1"]), withUser("b", ["Lane 10"])] }, "gate.lanes.1.readers.user"],
    ["two lanes at one slot", { lanes: [withSam("a", { slot: 1 }), withSam("b", {})] }, "gate.lanes.1.readers.sam"],
    ["a lane at the counter's reader", { lanes: [withUser("a", ["PICC"])] }, "gate.lanes.0.readers.user"],
    ["a lane at any reader", { lanes: [withUser("a", [])] }, "gate.lanes.0.readers.user"],
    ["a lane at the counter's module", { lanes: [withSam("a", { nameIncludes: ["SAM"], slot: 1 })] }, "gate.lanes.0.readers.sam"],
    ["a PIN at a lane", { lanes: [withUser("a", ["a card"], { pinEntry: "none" })] }, "gate.lanes.0.readers.user"],
    [
      "a display on another lane's line",
      { lanes: [lane("a"), lane("b", { display: { adapter: "displayLed8", port: { path: "/dev/ttyUSBa" } } })] },
      "gate.lanes.1.display.port",
    ],
    ["two lanes on one line", { lanes: [lane("a"), lane("b", { device: lane("a").device })] }, "gate.lanes.1.device.port"],
    [
      "a charge for later that no new card could ever begin",
      { purses: ["delayed-charge"], delayedCharge: { odaDelayedCharge: "on" }, lanes: [lane("a", { mode: "single" })] },
      "gate.delayedCharge.firstUse",
    ],
    ["a place that is no place", { lanes: [lane("a", { place: "12" })] }, "gate.lanes.0.place"],
    ["no lane at all", { lanes: [] }, "gate.lanes"],
    ["no fare table", { fareTables: [] }, "gate.fareTables"],
    ["a policy that nobody knows", { policy: { onTuesdays: "free" } }, "gate.policy"],
    ["an adapter that is no gate", { lanes: [lane("a", { device: { adapter: "printerEscPos" } })] }, "gate.lanes.0.device.adapter"],
  ])("refuses %s, and says where", (_, changes, place) => {
    const parsed = parseTerminalConfig(exampleConfig(gate(changes)));
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.problems.map((problem) => problem.split(":")[0])).toContain(place);
  });
});

describe("lanes beside the counter", () => {
  test.each([
    ["words of their own", { lanes: [withUser("a", ["Lane", "1"]), withUser("b", ["Lane", "2"])] }],
    ["slots of their own", { lanes: [withSam("a", { slot: 2 }), withSam("b", { slot: 3 })] }],
    ["words that keep the other out", { lanes: [withUser("a", ["Twin"], { nameExcludes: ["Left"] }), withUser("b", ["Twin", "Left"], {})] }],
  ])("are taken with %s", (_, changes) => {
    expect(problemsOf(gate(changes))).toEqual([]);
  });

  test("cannot have the line of one of its devices", () => {
    const device = { adapter: "gateRelay", port: { path: "/dev/ttyUSBa" } };
    expect(problemsOf({ ...gate(), devices: { gate: device } })).toEqual([expect.stringMatching(/^gate\.lanes\.0\.device\.port: devices\.gate /)]);
  });
});

describe("electronic cash at lanes", () => {
  const cash = { ...exampleCash(), recordKey: { id: 5 } };
  const singles = { lanes: [lane("a", { mode: "single" })] };
  const RECORD = { file: 21, record: "2701" };

  test("is a purchase where each tap is a ride, and a segment fare with the record of the journey", () => {
    const parsed = parseTerminalConfig(
      exampleConfig({ ...gate({ purses: ["compound", "electronic-cash"], electronicCash: { journeys: RECORD } }), electronicCash: cash }),
    );
    if (!parsed.ok || parsed.config.gate === undefined) throw new Error("it names a gate");
    expect(gateSettingsOf(parsed.config.gate).purses).toEqual([
      { kind: "compound" },
      { kind: "electronic-cash", rides: "purchase", journeys: { sfi: 21, recordId: "2701" } },
    ]);
    expect(problemsOf({ ...gate({ ...singles, purses: ["electronic-cash"] }), electronicCash: exampleCash() })).toEqual([]);
  });

  test.each([
    ["without its own part", { ...gate({ ...singles, purses: ["electronic-cash"] }) }, "gate.purses"],
    ["for journeys without a record", { ...gate({ purses: ["electronic-cash"] }), electronicCash: cash }, "gate.electronicCash.journeys"],
    [
      "with a record that nobody can sign",
      { ...gate({ purses: ["electronic-cash"], electronicCash: { journeys: RECORD } }), electronicCash: exampleCash() },
      "gate.electronicCash.journeys",
    ],
    ["with a record and without its purse", { ...gate({ electronicCash: { journeys: RECORD } }), electronicCash: cash }, "gate.electronicCash"],
    [
      "with segment fares without a record",
      { ...gate({ ...singles, purses: ["electronic-cash"], electronicCash: { rides: "segment-fare" } }), electronicCash: cash },
      "gate.electronicCash.rides",
    ],
  ])("is refused %s", (_, changes, place) => {
    expect(problemsOf(changes).map((problem) => problem.split(":")[0])).toContain(place);
  });
});

describe("amounts that are held at the till", () => {
  const holds = { record: { file: 21, record: "2702" }, place: "00090001", industry: 9, city: "5300", acquirer: "0000000000005300" };

  test("need a module that signs their record", () => {
    expect(problemsOf({ shop: { holds }, electronicCash: { ...exampleCash(), recordKey: { id: 5 } } })).toEqual([]);
    expect(problemsOf({ shop: { holds }, electronicCash: exampleCash() })).toEqual([expect.stringMatching(/^shop\.holds: /)]);
    expect(problemsOf({ shop: { holds } })).toEqual([expect.stringMatching(/^shop\.holds: /)]);
  });

  test("have a record that no gate uses: one would take the other's beginning for its own", () => {
    const journeys = { file: 21, record: "2702" };
    const changes = {
      ...gate({ purses: ["electronic-cash"], electronicCash: { journeys } }),
      shop: { holds },
      electronicCash: { ...exampleCash(), recordKey: { id: 5 } },
    };
    expect(problemsOf(changes)).toEqual([expect.stringMatching(/^shop\.holds\.record: /)]);
  });
});
