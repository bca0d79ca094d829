/* The background's sleep: whoever calls it is heard, also while it works. */
import { expect, test, vi } from "vitest";
import { openMedicalBackground } from "./background.ts";
import { RESOLVER_OPTIONS, SimulatedCounter } from "./testing.ts";

const LOOKS_OF_ROUND = 2;

test("is called once while it works and once while it sleeps, and looks each time at once", async () => {
  const counter = new SimulatedCounter();
  await counter.clock.resolve(counter.switchOn());
  const looks = vi.spyOn(counter.ports.journal, "openSubjects");
  const background = openMedicalBackground(counter.ports, RESOLVER_OPTIONS);
  background.start();
  background.wake();
  await counter.pass(100);
  expect(looks.mock.calls.length).toBe(2 * LOOKS_OF_ROUND);
  background.wake();
  await counter.pass(100);
  expect(looks.mock.calls.length).toBe(3 * LOOKS_OF_ROUND);
  await counter.pass(RESOLVER_OPTIONS.pauseMaxMs);
  expect(looks.mock.calls.length).toBe(4 * LOOKS_OF_ROUND);
  await counter.clock.resolve(background.stop());
});
