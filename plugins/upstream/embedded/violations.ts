/**
 * Field rules of the protos (contract section 2.1), worded as OpenFGA words them. Upstream joins what breaks the rules of a
 * message with `; `, wraps what breaks those of a message within, and shows only what follows the last wrapping.
 */
import { type ErrorCode, FgaError } from '../../../src/fga/error.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
}

/** RE2's `\s` is ASCII without the vertical tab, and RE2 counts code points: hence the class and the `u` flag. */
export const RULES = {
  ulid: rule(/^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$/u, '^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$'),
  storeName: rule(/^[a-zA-Z0-9\t\n\f\r .\-/^_&@]{3,64}$/u, '^[a-zA-Z0-9\\\\s\\\\.\\\\-\\\\/^_&@]{3,64}$'),
  token: rule(/^$|^[A-Za-z0-9-_]+={0,2}$/, '^$|^[A-Za-z0-9-_]+={0,2}$'),
  user: rule(/^[^\t\n\f\r ]{2,512}$/u, '^[^\\\\s]{2,512}$'),
  readUser: rule(/^[^\t\n\f\r ]{1,511}:[^\t\n\f\r ]{1,511}$/u, '^[^\\\\s]{1,511}:[^\\\\s]{1,511}$'),
  object: rule(/^[^\t\n\f\r ]{2,256}$/u, '^[^\\\\s]{2,256}$'),
  /** Also of conditions, parameters and modules. */
  relation: rule(/^[^:#@\t\n\f\r ]{1,50}$/u, '^[^:#@\\\\s]{1,50}$'),
  type: rule(/^[^:#@\t\n\f\r ]{1,254}$/u, '^[^:#@\\\\s]{1,254}$'),
  changesType: rule(/^[^:#\t\n\f\r ]{1,254}$/u, '^[^:#\\\\s]{1,254}$'),
  conditionName: rule(/^[^\t\n\f\r ]{2,256}$/u, '^[^\\\\s]{2,256}$'),
  file: rule(/^[a-zA-Z0-9_\-/]{1,100}\.fga$/, '^[a-zA-Z0-9_\\\\-\\\\/]{1,100}\\\\.fga$'),
} as const;

export class Violations {
  readonly #message: string;
  readonly #list: string[] = [];

  constructor(message: string) {
    this.#message = message;
  }

  add(field: string, reason: string): void {
    this.#list.push(`invalid ${this.#message}.${field}: ${reason}`);
  }

  match(field: string, value: string, { pattern, reason }: Rule): void {
    if (!pattern.test(value)) this.add(field, reason);
  }

  /** As `match`, for fields that may be empty. */
  matchIfSet(field: string, value: string, rule: Rule): void {
    if (value !== '') this.match(field, value, rule);
  }

  maxBytes(field: string, value: string, limit: number): void {
    if (Buffer.byteLength(value) > limit) this.add(field, `value length must be at most ${limit} bytes`);
  }

  /** `[1, 100]`, where a size was given. */
  pageSize(value: number | undefined): void {
    if (value !== undefined && (value < 1 || value > 100)) {
      this.add('PageSize', 'value must be inside range [1, 100]');
    }
  }

  token(value: string): void {
    this.maxBytes('ContinuationToken', value, 5120);
    this.match('ContinuationToken', value, RULES.token);
  }

  nested(field: string, inner: Violations): void {
    if (inner.#list.length > 0) {
      this.add(field, `embedded message failed validation | caused by: ${inner.#list.join('; ')}`);
    }
  }

  throwIfAny(): void {
    const last = (this.#list.join('; ').split('| caused by:').at(-1) ?? '').trim();
    if (last !== '') throw new FgaError(codeOf(last), last);
  }
}

export const REQUIRED = 'value is required';

/** Upstream refines the code by the field named first (source: `pkg/server/errors/encoded_errors.go`). */
const REFINED: readonly (readonly [field: string, reason: string, code: ErrorCode])[] = [
  ['Base', 'value is required', 'difference_base_missing_value'],
  ['Subtract', 'value is required', 'subtract_base_missing_value'],
  ['Object', 'value length must be at most', 'object_too_long'],
  ['Relation', 'value length must be at most', 'relation_too_long'],
  ['Relations[', 'value does not match regex pattern', 'relations_invalid_pattern'],
  ['Assertions', 'value must contain no more than', 'assertions_too_many_items'],
  ['PageSize', 'value must be inside range', 'page_size_invalid'],
  ['TupleKey', 'value is required', 'tuple_key_value_not_specified'],
  ['Type', 'value does not match regex pattern', 'type_invalid_pattern'],
  ['TypeDefinitions', 'value must contain at least', 'type_definitions_too_few_items'],
];

function codeOf(text: string): ErrorCode {
  const [, field, reason = ''] = /^[^.]*\.([^.:]*): (.*)$/su.exec(text) ?? [];
  const name = field?.startsWith('Relations[') ? 'Relations[' : field;
  const found = REFINED.find(([known, start]) => known === name && reason.startsWith(start));
  return found?.[2] ?? 'validation_error';
}

function rule(pattern: RegExp, shown: string): Rule {
  return { pattern, reason: `value does not match regex pattern "${shown}"` };
}
