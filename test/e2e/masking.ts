/** Replaces what must differ between two servers (ids, times, tokens, addresses), and only that. */

export interface Masks {
  /** A plain copy with stable stand-ins: the first ULID seen is `<ulid 1>` wherever it appears. */
  apply(value: unknown): unknown;
}

/** Headers of the connection, of the hop, and the sidecar's documented additions. */
const NOT_OPENFGAS = new Set([
  'date',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'rsfga-served-by',
  'rsfga-revision',
  'rsfga-staleness-ms',
  'rsfga-declined',
]);

const ULID = /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b/g;
const LIST_KEYS = new Set(['objects', 'users', 'result', 'relations']);

export function masker(): Masks {
  const numbers = new Map<string, number>();
  const text = (value: string) =>
    value
      .replace(ULID, (ulid) => {
        const number = numbers.get(ulid) ?? numbers.size + 1;
        numbers.set(ulid, number);
        return `<ulid ${number}>`;
      })
      .replace(TIME, '<time>')
      .replace(/127\.0\.0\.1:\d+/g, '<address>');
  const apply = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return masked(key, value, text);
    if (Array.isArray(value))
      return ordered(
        key,
        value.map((item) => apply(item)),
      );
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Error) return { error: value.name, message: text(value.message) };
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, apply(item, name)]));
  };
  return { apply };
}

/** The headers that the server itself sets; `x-request-id` only by being there. */
export function ownHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !NOT_OPENFGAS.has(name.toLowerCase()));
  return Object.fromEntries(
    own
      .map(([name, value]): [string, string] => [name.toLowerCase(), `${value}`])
      .map(([name, value]) => (name === 'x-request-id' ? [name, '<id>'] : [name, value])),
  );
}

function masked(key: string, value: string, text: (value: string) => string): string {
  if (key === 'continuation_token') return value === '' ? '' : '<token>';
  if (key === 'correlationId' && value.length === 36) return '<correlation>';
  return text(value);
}

/** Answers that OpenFGA gives in no promised order. */
function ordered(key: string, items: unknown[]): unknown[] {
  if (!LIST_KEYS.has(key)) return items;
  return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
