/**
 * How NATS's subject filters lie to each other: `*` is one token, `>` is one or more at the end, anything else is literal.
 */

/** The tokens of a filter, or of a subject, from any place on. */
export type Pattern = readonly string[];

/** A token that stands for itself, as `subject.ts` writes them. */
export const LITERAL = /^[A-Za-z0-9_%-]+$/;

/** Every subject that `b` matches, `a` does too. */
export function covers(a: Pattern, b: Pattern): boolean {
  for (const [i, token] of a.entries()) {
    if (token === '>') return i < b.length;
    if (b[i] === undefined || b[i] === '>') return false;
    if (token !== '*' && token !== b[i]) return false;
  }
  return a.length === b.length;
}

/** Some subject matches both. */
export function collide(a: Pattern, b: Pattern): boolean {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined) return false;
    if (one === '>' || other === '>') return true;
    if (one !== '*' && other !== '*' && one !== other) return false;
  }
  return true;
}

/** Some subject matches both, and neither contains the other: nats-server takes no such pair. */
export function crosses(a: Pattern, b: Pattern): boolean {
  return collide(a, b) && !covers(a, b) && !covers(b, a);
}

export function isWellFormed(tokens: Pattern): boolean {
  return tokens.every(
    (token, i) => LITERAL.test(token) || token === '*' || (token === '>' && i === tokens.length - 1),
  );
}
