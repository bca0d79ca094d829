/* The reader interface over the API: who may call what, and as whom. */
import type { LightMyRequestResponse } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { createApi } from "./server.ts";
import type { ApiService } from "./service.ts";
import { type FakeService, fakeService, TEST_PASSWORD, testConfig, testParts, testToken } from "./testing.ts";

const HEADERS = { host: "127.0.0.1:7420", authorization: `Bearer ${testToken("pos1")}` };

let service: FakeService;
let served: ReturnType<typeof createApi>;

async function serve(around: ApiService): Promise<void> {
  const config = await testConfig(["pos1"], { port: 7420 });
  served = createApi(testParts(config, { service: around, clock: new VirtualClock(1_000), randomness: new SeededRandomness("library") }));
}

async function ask(payload: object, operator: string): Promise<LightMyRequestResponse> {
  const signIn = { method: "POST", url: "/v1/operators/sign-in", headers: HEADERS, payload: { operator, password: TEST_PASSWORD } } as const;
  const { session } = (await served.app.inject(signIn)).json<{ session: string }>();
  return served.app.inject({ method: "POST", url: "/v1/reader-library", headers: { ...HEADERS, "operator-session": session }, payload });
}

beforeEach(async () => {
  service = fakeService();
  await serve(service);
});
afterEach(() => served.close());

it("calls the library as the client, for its operator", async () => {
  const answer = await ask({ function: "iReadCardBas", iType: 2 }, "cashier");
  expect([answer.statusCode, answer.json()]).toEqual([200, { result: -2, output: "" }]);
  expect(service.calls()).toEqual(["iReadCardBas by client/pos1 cashier"]);
});

it("a debit needs whoever may take money from a purse", async () => {
  const debit = { function: "iDoDebit", iType: 2, cardInfo: "a", payInfo: "b" };
  const refused = await ask(debit, "pharmacist");
  expect([refused.statusCode, refused.json<{ error: string }>().error]).toEqual([403, "not-allowed"]);
  expect(service.calls()).toEqual([]);
  expect((await ask(debit, "cashier")).statusCode).toBe(200);
});

it.each(["iReloadPIN", "iReloadPIN_HSM_Step3", "iUnblockPIN", "iUnblockPIN_HSM_Step1"])("%s needs the supervisor, as at the services", async (name) => {
  const refused = await ask({ function: name, iType: 2 }, "cashier");
  expect([refused.statusCode, refused.json<{ error: string }>().error]).toEqual([403, "not-allowed"]);
  expect((await ask({ function: name, iType: 2 }, "chief")).statusCode).toBe(200);
});

it.each([
  [{}, 400],
  [{ function: "iDoSomething" }, 400],
  [{ function: "iVerifyPIN", pin: "123456" }, 400],
])("%j is refused", async (payload, status) => {
  expect((await ask(payload, "cashier")).statusCode).toBe(status);
  expect(service.calls()).toEqual([]);
});

it("a terminal without one says so", async () => {
  await served.close();
  const { readerLibrary: _none, ...without } = service;
  await serve(without);
  expect((await ask({ function: "iReadCardBas", iType: 2 }, "cashier")).json<{ error: string }>().error).toBe("not-offered");
});
