import { describe, expect, test } from "vitest";
import { DEFAULT_DELAYED_CHARGE } from "../txn/delayed-charge/settings.ts";
import { DEFAULT_GATE_POLICY } from "../txn/gate/lane.ts";
import { gateSettingsOf } from "./gate.ts";
import { parseTerminalConfig } from "./schema.ts";
import { exampleConfig } from "./testing.ts";

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
      const parsed = parseTerminalConfig(exampleConfig(gate(changes)));
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
