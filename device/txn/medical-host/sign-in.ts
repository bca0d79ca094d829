/*
 * The sign-in number of the day, shared by all lanes. It is worth nothing, so it is kept in memory only. Counters that open together sign in
 * once: a message of each would cost them all their share of the broker's messages. Spec: FSI, 9001.
 */

export interface SignInBook {
  readonly number: string | undefined;
  /** Resolves when the sign-in that is under way has ended, however; undefined while there is none. */
  readonly underWay: Promise<void> | undefined;
  /** Does what draws a number; who comes meanwhile sees that it is under way. */
  draw<Result>(work: () => Promise<Result>): Promise<Result>;
  keep(number: string): void;
  /** The host would not take it any more, or may not: the next question asks for a new one. */
  forget(): void;
}

export function createSignInBook(): SignInBook {
  let current: string | undefined;
  let underWay: Promise<void> | undefined;
  return {
    get number() {
      return current;
    },
    get underWay() {
      return underWay;
    },
    draw: (work) => {
      const result = work();
      const ended = () => {
        underWay = undefined;
      };
      underWay = result.then(ended, ended);
      return result;
    },
    keep: (number) => {
      current = number;
    },
    forget: () => {
      current = undefined;
    },
  };
}
