/* What a refusal of the terminal is to a program. */
import type { ErrorBody, Said } from "./types.ts";

/** The terminal has refused, in its own stable word. */
export class CounterError extends Error {
  override readonly name = "CounterError";
  readonly error: string;
  readonly status: number;
  readonly says: Said;
  readonly problems: readonly string[];

  constructor(status: number, body: ErrorBody) {
    super(`${body.error}: ${body.message.en}${body.problems.length === 0 ? "" : ` (${body.problems.join("; ")})`}`);
    this.error = body.error;
    this.status = status;
    this.says = body.message;
    this.problems = body.problems;
  }
}

export async function errorBody(response: Response): Promise<ErrorBody> {
  try {
    return (await response.json()) as ErrorBody;
  } catch {
    // Something between us and the terminal has answered.
    return { error: "not-the-terminal", message: { en: "Something else answered.", zh: "应答方不是本终端。" }, problems: [] };
  }
}
