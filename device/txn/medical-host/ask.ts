/* One message to the medical host and the class of its answer. */

import type { FaultCode } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { buildFsiRequest, type FsiNode, type FsiRequest, nodeOf, parseFsiReply, textOf } from "../../codec/fsi.ts";
import type { MessageId } from "./message-id.ts";
import type { HostPorts } from "./ports.ts";

export interface Question {
  readonly infno: string;
  readonly input: FsiRequest["input"];
  readonly insuranceArea?: string;
}

/** Why nothing follows from what came back, or did not. Stable words. */
export type HostSilence = FaultCode | "reply-undecided" | "reply-incomplete";

/** An answer without what was asked for. */
export type NoAnswer =
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** Certain: it never reached the host and never will. */
  | { readonly kind: "not-sent" }
  | { readonly kind: "undecided"; readonly reason: HostSilence };

export type Answer = { readonly kind: "done"; readonly output: FsiNode; readonly hostTime: string } | NoAnswer;

/** A new msgid that is durable, so that no later start can use it again. Faults: those of the journal. */
export async function drawMessageId(ports: HostPorts): Promise<MessageId> {
  const id = ports.messageIds.next(ports.clock.wallMs());
  await ports.journal.setMarks([id.mark]);
  return id;
}

/** Sends a message whose msgid is durable already. Never rejects. */
export async function send(ports: HostPorts, message: Question & { readonly id: MessageId }, limits: Limits): Promise<Answer> {
  const { infno, input, insuranceArea, id } = message;
  const { medical, signIns } = ports;
  const sender = { ...medical.sender, ...(signIns.number === undefined ? {} : { signInNumber: signIns.number }) };
  const body = buildFsiRequest(sender, { infno, input, msgid: id.text, sentAt: id.sentAt, ...(insuranceArea === undefined ? {} : { insuranceArea }) });
  const reply = await ports.host.exchange(body, limits);
  if (reply.kind === "not-sent") return { kind: "not-sent" };
  if (reply.kind === "unknown") return { kind: "undecided", reason: reply.reason };
  const parsed = parseFsiReply(reply.body);
  if (parsed.kind !== "undecided") return parsed;
  ports.log.warn("host-reply-undecided", { infno, why: parsed.why });
  return { kind: "undecided", reason: "reply-undecided" };
}

/** Asks with a new msgid. Faults: those of the journal. */
export async function ask(ports: HostPorts, question: Question, limits: Limits): Promise<Answer> {
  return send(ports, { ...question, id: await drawMessageId(ports) }, limits);
}

/** Makes sure that there is a sign-in number where the region wants one; undefined when there is, else why not. Faults: those of the journal. */
export async function signIn(ports: HostPorts, limits: Limits): Promise<NoAnswer | undefined> {
  const { medical, signIns } = ports;
  if (!medical.signsIn || signIns.number !== undefined) return undefined;
  // The interface asks for the device's hardware and network addresses; a terminal behind a broker has none that the host could reach.
  const node = { opter_no: medical.sender.operator, mac: medical.sender.deviceNumber, ip: "0.0.0.0" };
  const answer = await ask(ports, { infno: "9001", input: { signIn: node } }, limits);
  if (answer.kind !== "done") return answer;
  const number = textOf(nodeOf(answer.output, "signinoutb") ?? {}, "sign_no");
  if (number === "") return { kind: "undecided", reason: "reply-incomplete" };
  signIns.keep(number);
  return undefined;
}
