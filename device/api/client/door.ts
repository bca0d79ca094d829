/* The way to the terminal, as parts of the client need it. */
export interface Door {
  get<Told>(path: string): Promise<Told>;
  /** Repeated after a lost answer: the same body is the same act. */
  post<Told>(path: string, body: object): Promise<Told>;
  /** Asked once: asking again might do it again. */
  act<Told>(path: string, body?: object): Promise<Told>;
}
