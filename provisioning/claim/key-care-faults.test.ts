/* A service that goes on while its disk refuses a write between two files of a change: sooner or later it is told to start with what is in them. */
import { expect, test } from "vitest";
import { Fault } from "../../device/base/fault.ts";
import { SILENT } from "../../device/base/log.ts";
import { actAtClaimDesk } from "../../simulators/host/claim/process.ts";
import { IDENTITY_FILES } from "./identity.ts";
import { careForKeys, type KeyCarePorts } from "./key-care.ts";
import { type ClaimMachine, type ClaimPlace, claimed, line, suite } from "./testing.ts";

const ACCESS = { url: "mqtt://127.0.0.1:1883", terminalsUrl: "mqtt://127.0.0.1:1883", tls: undefined };

function act(place: ClaimPlace, value: object): void {
  expect(actAtClaimDesk({ desk: place.desk, access: ACCESS, options: place }, value)).toMatchObject({ ok: true });
}

/** Rounds of one life of the service: nothing is ended for it by a start. `refusal` says whether a write is refused now. */
function lifeOf(place: ClaimPlace, machine: ClaimMachine, refusal: (name: string) => boolean) {
  const { identity, config } = machine.ports();
  const refusing = (storage: KeyCarePorts["identity"]): KeyCarePorts["identity"] => ({
    ...storage,
    write: async (name, contents) => {
      if (refusal(name)) throw new Fault("store-broken", "the disk refuses", { effectUnknown: false });
      await storage.write(name, contents);
    },
  });
  const { clock, randomness, broker } = place;
  const guarded = refusing(config);
  let lines = 0;
  const ports: KeyCarePorts = {
    ...{ clock, randomness, suite, log: SILENT, identity: refusing(identity), config: guarded },
    nowMs: () => clock.wallMs(),
    connect: (_which, tid) => {
      lines += 1;
      return broker.link(`${tid}-life-${lines}`);
    },
    saveKid: (kid) => guarded.write("kid", new TextEncoder().encode(kid)),
  };
  return () => place.clock.resolve(careForKeys(ports, { signal: new AbortController().signal }));
}

test("other keys are in the files and their name is not: the next round ends that, and says that there are others", async () => {
  const { place, machine } = await claimed("kid-refused");
  let refused = 0;
  const round = lifeOf(place, machine, (name) => name === "kid" && ++refused === 1);
  const before = line(machine, "data-key");
  act(place, { act: "order", what: "data-key", tid: "T001" });
  await expect(round()).rejects.toMatchObject({ code: "store-broken" });
  expect(line(machine, "data-key")).not.toBe(before);
  // Nobody is asked before: a host that is silent then would keep the service with keys that nobody takes any more.
  place.desk.faults.vanished = true;
  expect(await round()).toMatchObject({ keysChanged: true });
  expect(machine.has("config.kid")).toBe(true);
  place.desk.faults.vanished = false;
  expect(await round()).toMatchObject({ keysChanged: false });
});

test("keys changed and orders that could not be written: the service starts with the keys, and takes the orders afterwards", async () => {
  const { place, machine } = await claimed("orders-refused");
  let refused = 0;
  const round = lifeOf(place, machine, (name) => name === IDENTITY_FILES.identity && ++refused === 1);
  act(place, { act: "rotate-host-key" });
  act(place, { act: "order", what: "key-loads", tid: "T001", keyLoads: [{ place: "psam", name: "module", module: "530000000001" }] });
  expect(await round()).toMatchObject({ keysChanged: true });
  expect(await round()).toMatchObject({ keysChanged: true });
  expect(await round()).toMatchObject({ keysChanged: false });
});

test("orders that could not be written beside no other change are a fault, and are taken in the next round", async () => {
  const { place, machine } = await claimed("orders-alone");
  let refused = 0;
  const round = lifeOf(place, machine, (name) => name === IDENTITY_FILES.identity && ++refused === 1);
  act(place, { act: "order", what: "key-loads", tid: "T001", keyLoads: [{ place: "psam", name: "module", module: "530000000001" }] });
  await expect(round()).rejects.toMatchObject({ code: "store-broken" });
  expect(await round()).toMatchObject({ keysChanged: true });
});
