import { expect, test } from "vitest";
import { LaneListeners } from "./lane-listeners.ts";

test("each listener hears what happens until it stops, also where the same function listens twice", () => {
  const listeners = new LaneListeners();
  const heard: string[] = [];
  const hear = (lane: string) => heard.push(lane);
  const [first, second] = [listeners.add(hear), listeners.add(hear)];
  const tell = (lane: string) => listeners.tell(lane, { is: "passage", passage: "passed" });
  tell("a");
  first();
  tell("b");
  first();
  second();
  tell("c");
  expect(heard).toEqual(["a", "a", "b"]);
});
