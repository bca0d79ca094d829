/*
 * Goal: counter software can keep a proof that this terminal, at this time, had an authentic card before it, and perhaps its holder.
 * Method: a statement in canonical JSON, signed by the terminal's SM2 key; whoever has the terminal's public key checks it without the terminal.
 * Spec: card-services/v1, 3.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { canonicalJson } from "../../codec/json.ts";
import { parseMessage, SIGNATURE_SHAPE, TERMINAL_ID_SHAPE } from "../../codec/upload-fields.ts";
import type { CipherSuite, Sm2PrivateKey, Sm2PublicKey } from "../../crypto/face.ts";
import type { ClockReading } from "../journal/types.ts";

const FORM = "identity-statement/v1";
const TEXT_MAX = 200;
const STATEMENT_BYTES_MAX = 8_192;

/** How the card and its holder were proved, in order. */
export type StatementMethod = "internal-authentication" | "sm2-card-signature" | "holder-file-by-terminal-proof" | "card-pin";

export interface IdentityStatement {
  readonly terminal: string;
  readonly institution: string;
  readonly at: ClockReading;
  /** A keyed hash tells the same card again at the same terminal, and nothing else; a number is the card's own. */
  readonly card: { readonly kind: "keyed-hash" | "number"; readonly value: string };
  readonly methods: readonly StatementMethod[];
  /** What the software asked with; "" where it asked without. */
  readonly challenge: string;
}

export interface SignedStatement {
  /** Canonical JSON: what was signed, byte for byte. */
  readonly statement: string;
  /** r ‖ s, 128 hexadecimal digits. */
  readonly signature: string;
  /** x ‖ y of the terminal's public key, 128 hexadecimal digits. */
  readonly publicKey: string;
}

export function signStatement(
  statement: IdentityStatement,
  { suite, signing }: { readonly suite: CipherSuite; readonly signing: Sm2PrivateKey },
): SignedStatement {
  const { at, methods, ...rest } = statement;
  const { quality, errorMs } = at.clock;
  const text = canonicalJson({
    v: 1,
    form: FORM,
    ...rest,
    methods: methods.join(" "),
    atMs: at.wallMs,
    clock: quality,
    ...(errorMs === undefined ? {} : { clockErrorMs: errorMs }),
  });
  return { statement: text, signature: toHex(suite.sm2Sign(signing, utf8(text))), publicKey: toHex(signing.publicKey.point) };
}

export type StatementCheck =
  | { readonly ok: true; readonly statement: IdentityStatement }
  | { readonly ok: false; readonly reason: "signature-malformed" | "signature-wrong" | "statement-malformed" | "challenge-differs" };

const METHODS: readonly string[] = ["internal-authentication", "sm2-card-signature", "holder-file-by-terminal-proof", "card-pin"];

/**
 * Checks a statement against the public key that the checker has of this terminal, never against the one beside the statement, and against the
 * challenge that was given. Never throws.
 */
export function verifyStatement(
  signed: Pick<SignedStatement, "statement" | "signature">,
  against: { readonly suite: CipherSuite; readonly terminalKey: Sm2PublicKey; readonly challenge?: string },
): StatementCheck {
  if (!SIGNATURE_SHAPE.test(signed.signature)) return { ok: false, reason: "signature-malformed" };
  const bytes = utf8(signed.statement);
  if (!against.suite.sm2Verify(against.terminalKey, bytes, fromHex(signed.signature))) return { ok: false, reason: "signature-wrong" };
  const parsed = parseMessage(bytes, STATEMENT_BYTES_MAX, (members) => {
    members.version();
    members.text("form", /^identity-statement\/v1$/);
    const quality = members.text("clock", /^(?:trusted|held|untrusted)$/);
    const card = members.object("card");
    const methods = members.text("methods", /^[a-z0-9 -]{1,200}$/).split(" ");
    if (!methods.every((method) => METHODS.includes(method))) members.fail("wrong-member: methods");
    const errorMs = members.has("clockErrorMs") ? { errorMs: members.integer("clockErrorMs", 0) } : {};
    const kind = card["kind"] === "number" ? "number" : "keyed-hash";
    return {
      terminal: members.text("terminal", TERMINAL_ID_SHAPE),
      institution: members.text("institution", new RegExp(`^.{0,${TEXT_MAX}}$`, "u")),
      at: { wallMs: members.integer("atMs", 0), clock: { quality: quality === "trusted" || quality === "held" ? quality : "untrusted", ...errorMs } },
      card: { kind, value: typeof card["value"] === "string" ? card["value"] : "" },
      // Each of them was looked up in the list.
      methods: methods as readonly StatementMethod[],
      challenge: members.text("challenge", new RegExp(`^.{0,${TEXT_MAX}}$`, "u")),
    } satisfies IdentityStatement;
  });
  if (!parsed.ok) return { ok: false, reason: "statement-malformed" };
  const { challenge } = against;
  return challenge === undefined || challenge === parsed.message.challenge
    ? { ok: true, statement: parsed.message }
    : { ok: false, reason: "challenge-differs" };
}
