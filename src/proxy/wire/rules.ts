/**
 * The field rules of the protos (contract section 2.1) and how OpenFGA words what breaks them.
 *
 * Upstream validates every field, joins the errors of a message with `; `, wraps those of a nested message, and over
 * HTTP keeps only what follows the last wrapping. So a violation is carried in its full length until the end.
 */
import { FgaError } from '../../fga/error.ts';

/** RE2's `\s` is ASCII and has no vertical tab; RE2 counts code points: hence the class and the `u` flag. */
export const RULES = {
  ulid: rule(/^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$/u, '^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$'),
  checkUser: rule(/^[^\t\n\f\r ]{2,512}$/u, '^[^\\\\s]{2,512}$'),
  object: rule(/^[^\t\n\f\r ]{2,256}$/u, '^[^\\\\s]{2,256}$'),
  relation: rule(/^[^:#@\t\n\f\r ]{1,50}$/u, '^[^:#@\\\\s]{1,50}$'),
  type: rule(/^[^:#@\t\n\f\r ]{1,254}$/u, '^[^:#@\\\\s]{1,254}$'),
  objectId: rule(/[^#:\t\n\f\r ]$/u, '[^#:\\\\s]+$'),
  conditionName: rule(/^[^\t\n\f\r ]{2,256}$/u, '^[^\\\\s]{2,256}$'),
  correlationId: rule(/^[0-9A-Za-z_-]{1,36}$/u, '^[\\\\w\\\\d-]{1,36}$'),
} as const;

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
}

/** What breaks the rules of one message; cheap while nothing does. */
export class Violations {
  readonly #message: string;
  #list: string[] | undefined;

  constructor(message: string) {
    this.#message = message;
  }

  add(field: string, reason: string): void {
    this.#list ??= [];
    this.#list.push(`invalid ${this.#message}.${field}: ${reason}`);
  }

  match(field: string, value: string, { pattern, reason }: Rule): void {
    if (!pattern.test(value)) this.add(field, reason);
  }

  /** As `match`, for fields that may be empty. */
  matchIfSet(field: string, value: string, rule: Rule): void {
    if (value !== '') this.match(field, value, rule);
  }

  nested(field: string, inner: Violations): void {
    const text = inner.text();
    if (text !== undefined) this.add(field, `embedded message failed validation | caused by: ${text}`);
  }

  text(): string | undefined {
    return this.#list?.join('; ');
  }

  error(): FgaError | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const last = (text.split(CAUSE).at(-1) ?? '').trim();
    return new FgaError(codeOf(last), last, { grpc: { status: INVALID_ARGUMENT, message: text } });
  }
}

export const REQUIRED = 'value is required';

export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** gRPC gets the whole text under gRPC's own code; only HTTP refines it (contract section 3.1). */
const INVALID_ARGUMENT = 3;
const CAUSE = '| caused by:';

/** Upstream refines the code by the field named first (source: `pkg/server/errors/encoded_errors.go`). */
function codeOf(text: string): 'validation_error' | 'tuple_key_value_not_specified' | 'type_invalid_pattern' {
  if (/^invalid [A-Za-z]+\.TupleKey: value is required/.test(text)) return 'tuple_key_value_not_specified';
  if (/^invalid [A-Za-z]+\.Type: value does not match/.test(text)) return 'type_invalid_pattern';
  return 'validation_error';
}

function rule(pattern: RegExp, shown: string): Rule {
  return { pattern, reason: `value does not match regex pattern "${shown}"` };
}
