/** Time as Go reads and prints it: `time.ParseDuration`, `time.Parse(time.RFC3339)`, `RFC3339Nano`. */

/** Nanoseconds since 1970, and the offset it was written with: unlike CEL's specification, cel-go's getters keep it. */
export class Timestamp {
  readonly ns: bigint;
  readonly offsetSeconds: number;

  constructor(ns: bigint, offsetSeconds: number) {
    this.ns = ns;
    this.offsetSeconds = offsetSeconds;
  }
}

export class Duration {
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }
}

export const SECOND = 1_000_000_000n;
/** A map, since the word comes from whoever asks: an object also has units like `constructor`. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', SECOND],
  ['m', 60n * SECOND],
  ['h', 3600n * SECOND],
]);
const PART = /^(\d*)(?:\.(\d*))?([a-zµμ]+)/;
const MAX = 2n ** 63n;

/** Nanoseconds, or undefined. A fraction is cut to whole nanoseconds the way Go does it, through a float64. */
export function parseDuration(text: string): bigint | undefined {
  const negative = text.startsWith('-');
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let total = 0n;
  while (rest !== '') {
    const match = PART.exec(rest);
    const unit = UNITS.get(match?.[3] ?? '');
    if (!match || unit === undefined || (match[1] === '' && (match[2] ?? '') === '')) return undefined;
    const whole = BigInt(match[1] || '0');
    if (whole > MAX / unit) return undefined;
    total += whole * unit + fractionOf(match[2] ?? '', unit);
    if (total > MAX) return undefined;
    rest = rest.slice(match[0].length);
  }
  if (negative) return -total;
  return total === MAX ? undefined : total;
}

function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > (MAX - 1n) / 10n || next > MAX) break;
    value = next;
    scale *= 10;
  }
  return value === 0n ? 0n : BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

/** Go's parser takes one-digit hours and a comma before the fraction, and nothing else beyond RFC 3339. */
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = match[8]
    ? (Number(match[9]) * 60 + Number(match[10])) * 60 * (match[8] === '-' ? -1 : 1)
    : 0;
  if (match[8] && (Number(match[9]) > 24 || Number(match[10]) > 60)) return undefined;
  const nanos = BigInt(((match[7] ?? '').slice(0, 9) || '0').padEnd(9, '0'));
  const seconds = BigInt(
    daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset,
  );
  return new Timestamp(seconds * SECOND + nanos, offset);
}

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 is the first of January. */
  readonly yearDay: number;
}

export function civilOf({ ns, offsetSeconds }: Timestamp): Civil {
  const local = ns + BigInt(offsetSeconds) * SECOND;
  const seconds = Number(floorDivide(local, SECOND));
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const { year, month, day } = civilFromDays(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    nanos: Number(local - BigInt(seconds) * SECOND),
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(year, 1, 1),
  };
}

/** `RFC3339Nano`: trailing zeros of the fraction dropped. */
export function formatTimestamp(timestamp: Timestamp): string {
  const c = civilOf(timestamp);
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = c.nanos === 0 ? '' : `.${String(c.nanos).padStart(9, '0').replace(/0+$/, '')}`;
  const { offsetSeconds } = timestamp;
  const minutes = Math.abs(Math.trunc(offsetSeconds / 60));
  const zone =
    offsetSeconds === 0
      ? 'Z'
      : `${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const date = `${String(c.year).padStart(4, '0')}-${two(c.month)}-${two(c.day)}`;
  return `${date}T${two(c.hour)}:${two(c.minute)}:${two(c.second)}${fraction}${zone}`;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yoe + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: doy - Math.floor((153 * mp + 2) / 5) + 1,
  };
}
