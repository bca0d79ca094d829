/* Shares of clients, sessions that end, passwords that cost time; under virtual time. */
import { beforeAll, describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { type ApiConfig, apiConfig, exposureProblems } from "../../config/api.ts";
import { ApiError } from "./errors.ts";
import { Guard, RateBound } from "./guard.ts";
import { openApi } from "./server.ts";
import { Sessions } from "./sessions.ts";
import { createStreamPlaces } from "./stream.ts";
import { fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

let config: ApiConfig;
beforeAll(async () => {
  config = await testConfig(["pos1", "pos2"], { port: 7420, bounds: { requestsAtOnce: 2, requestBurst: 5, requestsPerSecond: 1, sessionsPerClient: 2 } });
});

async function wordOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError) return error.body.error;
    throw error;
  }
  return "taken";
}

const headersOf = (client: string) => ({ host: "127.0.0.1:7420", authorization: `Bearer ${testToken(client)}` });

/** Virtual time passes although nobody sleeps. */
async function elapse(clock: VirtualClock, ms: number): Promise<void> {
  await clock.resolve(clock.sleep(ms), ms + 1);
}

describe("a client's share", () => {
  it("is so many at once", async () => {
    const guard = new Guard(config, new VirtualClock(0));
    const admit = (client: string) => guard.admit(headersOf(client), 7420);
    const first = admit("pos1");
    admit("pos1");
    expect(await wordOf(() => admit("pos1"))).toBe("too-many-requests");
    first.leave();
    first.leave();
    expect(admit("pos1").client).toBe("pos1");
    expect(await wordOf(() => admit("pos1"))).toBe("too-many-requests");
    expect(admit("pos2").client).toBe("pos2");
  });

  it("is so many a second", async () => {
    const clock = new VirtualClock(0);
    const bound = new RateBound(clock, { perSecond: 2, burst: 3 });
    expect([1, 2, 3, 4].map(() => bound.take())).toEqual([true, true, true, false]);
    await elapse(clock, 1_000);
    expect([1, 2, 3].map(() => bound.take())).toEqual([true, true, false]);
    await elapse(clock, 3_600_000);
    expect([1, 2, 3, 4].map(() => bound.take())).toEqual([true, true, true, false]);
  });

  it("of strangers does not cost clients theirs", async () => {
    const guard = new Guard(config, new VirtualClock(0));
    const stranger = () => wordOf(() => guard.admit(headersOf("pos9"), 7420));
    const told = new Set<string>();
    for (let sent = 0; sent < 60; sent += 1) told.add(await stranger());
    expect([...told]).toEqual(["client-unknown", "too-many-requests"]);
    expect(guard.admit(headersOf("pos1"), 7420).client).toBe("pos1");
  });

  it("of streams is bounded for it and for all", () => {
    const places = createStreamPlaces({ all: 3, perClient: 2 });
    const [first, second] = [places.take("pos1"), places.take("pos1")];
    expect([first !== undefined, second !== undefined, places.take("pos1"), places.take("pos2") !== undefined, places.take("pos3")]).toEqual([
      true,
      true,
      undefined,
      true,
      undefined,
    ]);
    first?.();
    first?.();
    expect([places.take("pos1") !== undefined, places.take("pos1")]).toEqual([true, undefined]);
  });
});

describe("a session", () => {
  const made = () => {
    const clock = new VirtualClock(0);
    return { clock, sessions: new Sessions({ clock, randomness: new SeededRandomness("sessions"), config }) };
  };

  it("ends when it rests too long, and in any case after its time", async () => {
    const { clock, sessions } = made();
    const { token } = await sessions.signIn("pos1", "chief", TEST_PASSWORD);
    const { sessionIdleMs, sessionMs } = config.bounds;
    for (let passed = 0; passed + sessionIdleMs - 1 < sessionMs; passed += sessionIdleMs - 1) {
      expect(sessions.find("pos1", token)).toMatchObject({ operator: "chief", role: "supervisor" });
      await elapse(clock, sessionIdleMs - 1);
    }
    await elapse(clock, sessionIdleMs);
    expect(await wordOf(() => sessions.find("pos1", token))).toBe("session-ended");
    const rested = await sessions.signIn("pos1", "chief", TEST_PASSWORD);
    await elapse(clock, sessionIdleMs);
    expect(await wordOf(() => sessions.find("pos1", rested.token))).toBe("session-ended");
    expect(await wordOf(() => sessions.find("pos1", undefined))).toBe("session-missing");
  });

  it("gives way to newer ones of the same client alone", async () => {
    const { sessions } = made();
    const other = await sessions.signIn("pos2", "chief", TEST_PASSWORD);
    const own = [];
    for (let opened = 0; opened < 3; opened += 1) own.push((await sessions.signIn("pos1", "chief", TEST_PASSWORD)).token);
    expect(await Promise.all(own.map((token) => wordOf(() => sessions.find("pos1", token))))).toEqual(["session-ended", "taken", "taken"]);
    expect(sessions.find("pos2", other.token).client).toBe("pos2");
  });

  it("is not opened by guessing: after five failures each further one doubles the wait", async () => {
    const { clock, sessions } = made();
    const tried = (operator: string, password: string) => wordOf(() => sessions.signIn("pos1", operator, password));
    for (let failed = 0; failed < 5; failed += 1) expect(await tried("chief", "wrong")).toBe("sign-in-refused");
    expect(await tried("chief", TEST_PASSWORD)).toBe("locked-out");
    expect(await wordOf(() => sessions.signIn("pos2", "chief", TEST_PASSWORD))).toBe("taken");
    await elapse(clock, 30_000);
    expect(await tried("chief", "wrong")).toBe("sign-in-refused");
    await elapse(clock, 59_999);
    expect(await tried("chief", TEST_PASSWORD)).toBe("locked-out");
    await elapse(clock, 1);
    expect(await tried("chief", TEST_PASSWORD)).toBe("taken");
    expect(await tried("chief", "wrong")).toBe("sign-in-refused");
    expect(await tried("chief", TEST_PASSWORD)).toBe("taken");
  });

  it("attempts at once are judged one after another", async () => {
    const { sessions } = made();
    const told = await Promise.all(Array.from({ length: 8 }, () => wordOf(() => sessions.signIn("pos1", "chief", "wrong"))));
    expect(told).toEqual([...Array.from({ length: 5 }, () => "sign-in-refused"), "locked-out", "locked-out", "locked-out"]);
  });

  it("of nobody is refused like any other, and all nobodies share one count", async () => {
    const { sessions } = made();
    for (const name of ["a", "b", "c", "d", "e"]) expect(await wordOf(() => sessions.signIn("pos1", name, "x"))).toBe("sign-in-refused");
    expect(await wordOf(() => sessions.signIn("pos1", "f", "x"))).toBe("locked-out");
  }, 60_000);
});

describe("what the configuration may say", () => {
  const operator = { operator: "a", role: "cashier", passwordHash: `scrypt$15$8$1$${"0".repeat(32)}$${"0".repeat(64)}` };
  const client = { client: "pos1", tokenSha256: "0".repeat(64) };
  const plain = { clients: [client], operators: [operator] };
  const tls = { certFile: "cert.pem", keyFile: "key.pem" };
  it.each([
    [plain, true],
    [{ ...plain, address: "127.0.0.5" }, true],
    [{ ...plain, address: "::1" }, true],
    [{ ...plain, address: "localhost" }, true],
    [{ ...plain, address: "0.0.0.0" }, false],
    [{ ...plain, address: "::" }, false],
    [{ ...plain, address: "192.168.1.4" }, false],
    [{ ...plain, address: "192.168.1.4", tls }, true],
    [{ ...plain, address: "example.org", tls }, false],
    [{ ...plain, clients: [] }, false],
    [{ ...plain, clients: [client, { ...client, tokenSha256: "1".repeat(64) }] }, false],
    [{ ...plain, clients: [client, { ...client, client: "pos2" }] }, false],
    [{ ...plain, clients: [{ client: "pos1", token: "in the clear" }] }, false],
    [{ ...plain, operators: [operator, { ...operator, role: "supervisor" }] }, false],
    [{ ...plain, operators: [{ ...operator, passwordHash: "in the clear" }] }, false],
  ])("%#: %s", (asked, fits) => expect(apiConfig.safeParse(asked).success).toBe(fits));

  it("the server asks by itself before it listens", async () => {
    const open = { ...config, address: "0.0.0.0" };
    expect(exposureProblems(open)).toHaveLength(1);
    const parts = testParts(open, { service: fakeService(), clock: new VirtualClock(0), randomness: new SeededRandomness("x") });
    await expect(openApi(parts)).rejects.toMatchObject({ code: "config-invalid", effectUnknown: false });
    const unread = testParts({ ...open, tls: { certFile: "none.pem", keyFile: "none.pem" } }, { ...parts });
    await expect(openApi(unread)).rejects.toMatchObject({ code: "config-invalid" });
  });
});
