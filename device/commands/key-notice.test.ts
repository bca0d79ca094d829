/* A host calls: the terminal looks at once, and not oftener than it should, whoever calls how often. */
import { describe, expect, test } from "vitest";
import { readIdentity } from "../../provisioning/claim/identity.ts";
import { claimed, suite } from "../../provisioning/claim/testing.ts";
import { actAtClaimDesk } from "../../simulators/host/claim/process.ts";
import type { Bytes } from "../base/bytes.ts";
import type { CipherSuite } from "../crypto/face.ts";
import { KeyNotices } from "./key-notice.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function listening(seed: string) {
  const { place, machine } = await claimed(seed);
  const { clock } = place;
  const identity = await readIdentity(machine.ports().identity);
  const notices = new KeyNotices({ clock, suite, identity });
  const heard: Bytes[] = [];
  place.broker.link("T001").subscribe("pos/v1/T001/dn/key", ({ payload }) => {
    heard.push(payload);
    notices.hear(payload);
  });
  const over = new AbortController();
  const rest = async () => {
    const begunMs = clock.monotonicMs();
    await notices.rest(HOUR_MS, over.signal);
    return clock.monotonicMs() - begunMs;
  };
  const call = (value: object = {}) =>
    actAtClaimDesk({ desk: place.desk, access: { url: "", terminalsUrl: "", tls: undefined }, options: place }, { act: "call", tid: "T001", ...value });
  const later = (ms: number, work: () => void) => void clock.sleep(ms, over.signal).then(work, () => undefined);
  await clock.resolve(clock.sleep(30_000, over.signal));
  return { place, machine, clock, heard, over, rest, call, later };
}

describe("a call of the host", () => {
  test("ends the rest, at once when the last round is a minute ago", async () => {
    const { clock, rest, call, later } = await listening("at-once");
    later(10 * MINUTE_MS, call);
    const restedMs = await clock.resolve(rest());
    expect(restedMs).toBeGreaterThanOrEqual(10 * MINUTE_MS);
    expect(restedMs).toBeLessThan(11 * MINUTE_MS);
  });

  test("that comes sooner waits for that minute, and many are one", async () => {
    const { clock, rest, call, later } = await listening("minute");
    for (const ms of [1_000, 2_000, 3_000]) later(ms, call);
    expect(await clock.resolve(rest())).toBe(MINUTE_MS);
    expect(await clock.resolve(rest())).toBe(HOUR_MS);
  });

  test("is the authority's alone, of this claim, and no answer to another question", async () => {
    const { place, clock, heard, rest, call, later } = await listening("strangers");
    later(2 * MINUTE_MS, () => {
      place.desk.faults.wrongSignatureNextAnswers = 1;
      call();
    });
    later(3 * MINUTE_MS, () => {
      place.desk.faults.otherQuestionNextAnswers = 1;
      call();
    });
    expect(await clock.resolve(rest())).toBe(HOUR_MS);
    expect(heard).toHaveLength(2);
    expect(call({ tid: "T009" })).toEqual({ ok: false });
  });

  test("in a flood costs a bounded number of looks at signatures", async () => {
    const { place, machine, clock, heard, call } = await listening("flood");
    place.desk.faults.wrongSignatureNextAnswers = 1;
    call();
    await clock.resolve(clock.sleep(5_000, new AbortController().signal));
    const [spoilt] = heard;
    let looks = 0;
    const counted: CipherSuite = Object.create(suite, {
      sm2PublicKey: { value: (point: Bytes) => suite.sm2PublicKey(point) },
      sm2Verify: {
        value: () => {
          looks += 1;
          return false;
        },
      },
    });
    const counting = new KeyNotices({ clock, suite: counted, identity: await readIdentity(machine.ports().identity) });
    for (let times = 0; times < 1_000; times += 1) if (spoilt !== undefined) counting.hear(spoilt);
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(8);
  });

  test("is nothing to a service that stops", async () => {
    const { clock, rest, over, later } = await listening("stop");
    later(5_000, () => over.abort());
    await expect(clock.resolve(rest())).rejects.toMatchObject({ code: "cancelled" });
  });
});
