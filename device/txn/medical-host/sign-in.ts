/* The sign-in number of the day, shared by all lanes. It is worth nothing, so it is kept in memory only. Spec: FSI, 9001. */

export interface SignInBook {
  readonly number: string | undefined;
  keep(number: string): void;
  /** The host would not take it any more, or may not: the next question asks for a new one. */
  forget(): void;
}

export function createSignInBook(): SignInBook {
  let current: string | undefined;
  return {
    get number() {
      return current;
    },
    keep: (number) => {
      current = number;
    },
    forget: () => {
      current = undefined;
    },
  };
}
