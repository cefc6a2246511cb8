/** What the files hold that a sidecar logs in to NATS with. */

/** The seed in the text of an NKey file, which may hold comments around it; undefined: there is none. */
export function nkeySeedIn(text: string): string | undefined {
  return /\bS[A-Z2-7]{57}\b/.exec(text)?.[0];
}

/** A JWT and a seed, each between lines of dashes. */
export function isCredentials(text: string): boolean {
  return /^-{3,}BEGIN NATS USER JWT-{3,}$/m.test(text) && nkeySeedIn(text) !== undefined;
}
