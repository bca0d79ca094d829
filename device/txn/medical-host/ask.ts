/*
 * Goal: one message to the medical host and the class of its answer, with nothing malformed sent and nothing foreign believed.
 * Method: the input is checked against its field table before it leaves; the reply is checked against its own, and against what was asked.
 */

import { withDeadline } from "../../base/deadline.ts";
import { type FaultCode, isFault } from "../../base/fault.ts";
import type { Limits } from "../../base/ports.ts";
import { buildFsiRequest, type FsiNode, type FsiReply, type FsiRequest, fsiInputFits, nodeOf, parseFsiReply, textOf } from "../../codec/fsi.ts";
import { checkInput, checkOutput, type TableRegion } from "../../codec/fsi-tables/check.ts";
import { strangeEchoes } from "../../codec/fsi-tables/echoes.ts";
import type { MessageId } from "./message-id.ts";
import type { HostPorts } from "./ports.ts";
import type { RegionSwitches } from "./profile.ts";

export interface Question {
  readonly infno: string;
  readonly input: FsiRequest["input"];
  /** insuplc_admdvs: needed as soon as the input names a person. */
  readonly insuranceArea?: string;
  /** recer_sys_code where this question goes to a receiver of its own. */
  readonly receiver?: string;
}

/** Code of a refusal that is the terminal's own: the message broke its field table and was not sent. Hosts' codes are digits. */
export const REQUEST_MALFORMED = "request-malformed";

/** Why nothing follows from what came back, or did not. Stable words. */
export type HostSilence = FaultCode | "reply-undecided" | "reply-incomplete";

/** An answer without what was asked for. */
export type NoAnswer =
  /** By the host, or with the code {@link REQUEST_MALFORMED} by the terminal itself: then nothing was sent and nothing follows about the host. */
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
  const { infno, input, insuranceArea, receiver, id } = message;
  const { medical, signIns, log } = ports;
  const problems = problemsOf(message, medical.region);
  if (problems.length > 0) {
    log.error("host-request-malformed", { infno, problems: problems.join("; ") });
    return { kind: "refused", code: REQUEST_MALFORMED, message: `${REQUEST_MALFORMED}: ${problems[0]}` };
  }
  const sender = {
    ...medical.sender,
    ...(receiver === undefined ? {} : { receiverSystem: receiver }),
    ...(signIns.number === undefined ? {} : { signInNumber: signIns.number }),
  };
  const body = buildFsiRequest(sender, { infno, input, msgid: id.text, sentAt: id.sentAt, ...(insuranceArea === undefined ? {} : { insuranceArea }) });
  const reply = await ports.host.exchange(body, limits);
  if (reply.kind === "not-sent") return { kind: "not-sent" };
  if (reply.kind === "unknown") return { kind: "undecided", reason: reply.reason };
  return judged(ports, message, parseFsiReply(reply.body));
}

function tableRegion(region: RegionSwitches): TableRegion {
  return { lengths: region.fieldLengths, extras: { druginfo: region.druginfoExtras } };
}

/** Whether any node of the input names a person; of a list the first row says it. */
function namesPerson(input: FsiRequest["input"]): boolean {
  return Object.values(input).some((node) => {
    const first: unknown = Array.isArray(node) ? node[0] : node;
    return typeof first === "object" && first !== null && "psn_no" in first && first.psn_no !== "" && first.psn_no !== undefined;
  });
}

function problemsOf({ infno, input, insuranceArea = "", receiver }: Question, region: RegionSwitches): readonly string[] {
  const problems = [...checkInput(infno, input, tableRegion(region))];
  const areaIsSound = insuranceArea === "" ? !namesPerson(input) : /^\d{6}$/.test(insuranceArea);
  if (!areaIsSound) problems.push(`insuplc_admdvs: ${insuranceArea === "" ? "missing" : "not an area"}`);
  if (receiver !== undefined && !/^.{1,10}$/u.test(receiver)) problems.push("recer_sys_code: missing or longer than 10");
  // Walking ends early on what is malformed, so only a sound input is written out to be measured.
  if (problems.length === 0 && !fsiInputFits(input)) problems.push("input: too long");
  return problems;
}

/** What follows from a reply, once it is known to be whole and to be about what was asked. */
function judged({ medical, log }: HostPorts, { infno, input, id }: Question & { readonly id: MessageId }, reply: FsiReply): Answer {
  const { region } = medical;
  if (reply.kind === "undecided") {
    log.warn("host-reply-undecided", { infno, why: reply.why });
    return { kind: "undecided", reason: "reply-undecided" };
  }
  if (reply.kind === "refused") {
    if (region.refusalCodes === "any" || reply.code === "-2") return { kind: "refused", code: reply.code, message: reply.message };
    log.warn("host-reply-undecided", { infno, why: "code-not-known" });
    return { kind: "undecided", reason: "reply-undecided" };
  }
  const { needed, odd } = checkOutput(infno, reply.output, tableRegion(region));
  if (odd.length > 0) log.warn("host-reply-odd", { infno, problems: odd.join("; ") });
  if (needed.length > 0) {
    log.warn("host-reply-incomplete", { infno, problems: needed.join("; ") });
    return { kind: "undecided", reason: "reply-incomplete" };
  }
  const strange = strangeEchoes({ infno, input, output: reply.output, ...(region.repliesNameTheirMessage ? { msgid: id.text } : {}) });
  if (strange.length > 0) {
    log.warn("host-reply-foreign", { infno, names: strange.join("; ") });
    return { kind: "undecided", reason: "reply-undecided" };
  }
  return { kind: "done", output: reply.output, hostTime: reply.hostTime };
}

/** Asks with a new msgid. Faults: those of the journal. */
export async function ask(ports: HostPorts, question: Question, limits: Limits): Promise<Answer> {
  return send(ports, { ...question, id: await drawMessageId(ports) }, limits);
}

/**
 * Makes sure that there is a sign-in number where the region wants one; undefined when there is, else why not. One lane asks, the others
 * wait for it within their own limits, and ask themselves where it was in vain. Faults: those of the journal.
 */
export async function signIn(ports: HostPorts, limits: Limits): Promise<NoAnswer | undefined> {
  const { medical, signIns, clock } = ports;
  const untilMs = clock.monotonicMs() + limits.timeoutMs;
  while (medical.signsIn && signIns.number === undefined) {
    const left = { ...limits, timeoutMs: Math.max(0, untilMs - clock.monotonicMs()) };
    const { underWay } = signIns;
    if (underWay === undefined) return signIns.draw(() => drawSignIn(ports, left));
    try {
      await withDeadline(underWay, { ...left, clock, what: "another lane's sign-in", effectUnknown: false });
    } catch (error) {
      // Its time was over, or it was given up: of its own nothing has left.
      if (isFault(error)) return { kind: "not-sent" };
      throw error;
    }
  }
  return undefined;
}

async function drawSignIn(ports: HostPorts, limits: Limits): Promise<NoAnswer | undefined> {
  const { medical, signIns } = ports;
  // The interface asks for the device's hardware and network addresses; a terminal behind a broker has none that the host could reach.
  const node = { opter_no: medical.sender.operator, mac: medical.sender.deviceNumber, ip: "0.0.0.0" };
  const answer = await ask(ports, { infno: "9001", input: { signIn: node } }, limits);
  if (answer.kind !== "done") return answer;
  const number = textOf(nodeOf(answer.output, "signinoutb") ?? {}, "sign_no");
  if (number === "") return { kind: "undecided", reason: "reply-incomplete" };
  signIns.keep(number);
  return undefined;
}

/** Ends the day's sign-in; without one there is nothing to end. The number is forgotten whatever the host says. Faults: those of the journal. */
export async function signOut(ports: HostPorts, limits: Limits): Promise<NoAnswer | undefined> {
  const { medical, signIns } = ports;
  const { number } = signIns;
  if (number === undefined) return undefined;
  const answer = await ask(ports, { infno: "9002", input: { signOut: { sign_no: number, opter_no: medical.sender.operator } } }, limits);
  signIns.forget();
  return answer.kind === "done" ? undefined : answer;
}
