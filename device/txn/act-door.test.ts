import { describe, expect, it } from "vitest";
import { Fault } from "../base/fault.ts";
import { ActDoor } from "./act-door.ts";

const done = async () => "done";
const refused = () => "held";

describe("the door of acts", () => {
  it("counts what is under way, and ends the count when the act fails", async () => {
    const door = new ActDoor();
    const act = Promise.withResolvers<string>();
    const under = door.begin({ work: () => act.promise, refused });
    expect(door.underWay).toBe(1);
    act.reject(new Error("ours"));
    await expect(under).rejects.toThrow("ours");
    expect(door.underWay).toBe(0);
  });

  it("begins nothing new while it is held, and lets what has begun end", async () => {
    const door = new ActDoor();
    const act = Promise.withResolvers<string>();
    const under = door.begin({ work: () => act.promise, refused });
    door.hold(true);
    expect(await door.begin({ work: done, refused })).toBe("held");
    expect(door.enter()).toBeUndefined();
    expect(door.underWay).toBe(1);
    act.resolve("done");
    expect(await under).toBe("done");
    expect(door.underWay).toBe(0);
    door.hold(false);
    expect(await door.begin({ work: done, refused })).toBe("done");
  });

  it.each([
    ["was begun before", async () => true, "done"],
    ["was never begun", async () => false, "held"],
    ["cannot be looked up, so that the act itself says why", () => Promise.reject(new Fault("store-broken", "gone", { effectUnknown: false })), "done"],
  ])("asks of an act that %s", async (_name, isBegun, expected) => {
    const door = new ActDoor();
    door.hold(true);
    expect(await door.begin({ isBegun, work: done, refused })).toBe(expected);
    expect(door.underWay).toBe(0);
  });

  it("does not take a mistake of ours for an answer", async () => {
    const door = new ActDoor();
    door.hold(true);
    await expect(door.begin({ isBegun: () => Promise.reject(new Error("ours")), work: done, refused })).rejects.toThrow("ours");
    expect(door.underWay).toBe(0);
  });

  it("counts a lane that somebody has taken until it is given back", () => {
    const door = new ActDoor();
    const leave = door.enter();
    expect(door.underWay).toBe(1);
    leave?.();
    expect(door.underWay).toBe(0);
  });
});
