import { expect, test } from "vitest";
import { machineUptime } from "./machine-uptime.ts";

test("this machine numbers its starts, and runs on", () => {
  const [first, second] = [machineUptime(), machineUptime()];
  expect(first?.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.bootId).toBe(first?.bootId);
  expect(second?.uptimeMs()).toBeGreaterThanOrEqual(first?.uptimeMs() ?? Number.POSITIVE_INFINITY);
});

test.each(["/nonexistent/boot_id", "/proc/version"])("%s names no start", (file) => expect(machineUptime(file)).toBeUndefined());
