/* The words of a claim: where it stands, what may happen to it, what is done next. */
import type { JsonValue } from "../../device/codec/json.ts";

export type JsonObject = { readonly [key: string]: JsonValue };

/** Questions of a terminal in the order in which they are asked. */
export type ClaimStep = "certificate" | "register" | "proof" | "done";

/** Where the claim stands. Each of them is durable before anything is done in it. */
export type State =
  /** No key was made yet; `moved`: this terminal was somebody already, on another machine. */
  | { readonly at: "unkeyed"; readonly moved: boolean }
  /** Keys are durable; a certificate is asked for. */
  | { readonly at: "requesting"; readonly moved: boolean }
  /** The certificate is here, pending; the machine is registered. */
  | { readonly at: "registering"; readonly moved: boolean; readonly tid: string; readonly certificate: string; readonly authority: string }
  /** The certificate is active; profile and keys are put in their places. The host's answer is kept as it came. */
  | { readonly at: "installing"; readonly tid: string; readonly certificate: string; readonly authority: string; readonly answer: JsonObject }
  /** Everything is in its place; the new certificate is tried. */
  | { readonly at: "proving"; readonly tid: string }
  /** The new certificate works; the claim's credentials are erased. */
  | { readonly at: "erasing"; readonly tid: string }
  /** They are erased; the host is told. */
  | { readonly at: "confirming"; readonly tid: string }
  | { readonly at: "claimed"; readonly tid: string };

export type Event =
  | { readonly is: "keys-made" }
  | { readonly is: "certificate-granted"; readonly tid: string; readonly certificate: string; readonly authority: string }
  | { readonly is: "registered"; readonly answer: JsonObject }
  | { readonly is: "accepted" }
  /** The host asks for time: a person has to agree. */
  | { readonly is: "waiting"; readonly retryMs: number }
  | { readonly is: "refused"; readonly reason: string }
  /** Nobody answered, or nobody who may; `count` in a row. */
  | { readonly is: "silent"; readonly count: number }
  | { readonly is: "paused" }
  | { readonly is: "installed" }
  | { readonly is: "not-installable"; readonly why: string }
  | { readonly is: "erased" };

export type Action =
  | { readonly do: "make-keys" }
  | { readonly do: "ask"; readonly step: ClaimStep }
  | { readonly do: "pause"; readonly because: "silent"; readonly count: number }
  | { readonly do: "pause"; readonly because: "waiting"; readonly retryMs: number }
  | { readonly do: "pause"; readonly because: "refused" | "not-installable"; readonly reason: string }
  | { readonly do: "install" }
  | { readonly do: "erase" }
  | { readonly do: "end" };

export interface Step {
  readonly state: State;
  readonly next: Action;
}

export type Rule<S extends State, E extends Event> = "impossible" | ((state: S, event: E) => Step);

export type ClaimRules = {
  readonly [At in State["at"]]: { readonly [Is in Event["is"]]: Rule<Extract<State, { at: At }>, Extract<Event, { is: Is }>> };
};
