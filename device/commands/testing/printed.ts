/* For tests: what a command that runs in this process prints, from the beginning for each test. */
import { afterEach, beforeEach, vi } from "vitest";

export interface Printed {
  out: string;
  err: string;
}

/** Listens to standard output and standard error of every test in the calling file. */
export function watchOutput(): Printed {
  const printed: Printed = { out: "", err: "" };
  beforeEach(() => {
    printed.out = "";
    printed.err = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      printed.out += String(text);
      return true;
    });
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      printed.err += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());
  return printed;
}
