import { describe, expect, it } from "vitest";
import { parseTerminalConfig } from "./schema.ts";
import { exampleConfig } from "./testing.ts";
import { INSTALLED_CONFIG, journalPlaceProblem, UPDATE_DEFAULTS } from "./update.ts";

const parse = (update: object) => parseTerminalConfig(exampleConfig({ update }));

describe("what an update may stand beside", () => {
  it("is little where nothing is said", () => {
    const parsed = parseTerminalConfig(exampleConfig());
    expect(parsed.ok ? parsed.config.update : parsed.problems).toEqual({ exposureLimitFen: 50_000, unknownMax: 0, spareMegabytes: 64, clock: "held" });
    expect(UPDATE_DEFAULTS).toEqual(parsed.ok ? parsed.config.update : undefined);
  });

  it.each([
    { exposureLimitFen: -1 },
    { exposureLimitFen: 0.5 },
    { unknownMax: "1" },
    { spareMegabytes: 15 },
    // A wrong clock is no clock, whoever says otherwise.
    { clock: "any" },
    { exposureLimit: 1 },
  ])("is refused: %j", (update) => expect(parse(update).ok).toBe(false));
});

describe("the journal of an installed machine", () => {
  const at = (folder: string) => ({ journal: { folder } });

  it.each(["/var/lib/yikatong/journal2", "/srv/journal", "journal", "/var/lib/yikatong/journal/../other", "/var/lib/yikatong"])("is not %s", (folder) => {
    expect(journalPlaceProblem(INSTALLED_CONFIG, at(folder))).toContain("/var/lib/yikatong/journal");
    expect(journalPlaceProblem("/srv/somebody/config", at(folder))).toBeUndefined();
  });

  it.each(["/var/lib/yikatong/journal", "/var/lib/yikatong/journal/", "/var/lib//yikatong/./journal"])("is %s", (folder) =>
    expect(journalPlaceProblem(`${INSTALLED_CONFIG}/`, at(folder))).toBeUndefined(),
  );
});
