/** Numbers as Go reads and prints them: `big.ParseFloat(s, 10, 64)` and the `g` format of `strconv` and `math/big`. */
import { Decline } from '../decline.ts';

/** Sign, mantissa and binary exponent of a number with a 64-bit mantissa, or an infinity. */
export type BigFloat =
  | { readonly kind: 'finite'; readonly mantissa: bigint; readonly exponent: number }
  | { readonly kind: 'infinite'; readonly negative: boolean };

const FLOAT = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([eEpP])([+-]?\d+))?$/;
const INFINITE = /^([+-]?)[iI]nf$/;
/** Beyond this a number is past every type it could be cast to; nothing else about it matters. */
const FAR = 6000;
/** With more than these Go's exponents overflow: to an error, an infinity or zero. The upstream may say which. */
const EXPONENT_DIGITS = 6;

/** Undefined: not a number in Go's decimal grammar. */
export function parseBigFloat(text: string): BigFloat | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite) return { kind: 'infinite', negative: infinite[1] === '-' };
  const match = FLOAT.exec(text);
  if (!match) return undefined;
  if ((match[6] ?? '').length > EXPONENT_DIGITS) throw new Decline('condition', `the number '${text}'`);
  const fraction = match[3] ?? match[4] ?? '';
  const digits = BigInt((match[2] ?? '') + fraction || '0');
  const exponent = Number(match[6] ?? '0');
  const decimal = match[5] === 'e' || match[5] === 'E';
  const tens = (decimal ? exponent : 0) - fraction.length;
  const twos = match[5] && !decimal ? exponent : 0;
  const sign = match[1] === '-' ? -1n : 1n;
  if (digits === 0n) return { kind: 'finite', mantissa: 0n, exponent: 0 };
  if (Math.abs(tens) > FAR)
    return { kind: 'finite', mantissa: sign, exponent: tens > 0 ? 4 * FAR : -4 * FAR };
  return rounded(
    sign,
    tens >= 0 ? digits * 10n ** BigInt(tens) : digits,
    tens < 0 ? 10n ** BigInt(-tens) : 1n,
    twos,
  );
}

export function bigFloatOf(value: number): BigFloat {
  if (!Number.isFinite(value)) return { kind: 'infinite', negative: value < 0 };
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent--;
  }
  return { kind: 'finite', mantissa: BigInt(scaled), exponent };
}

export function isInteger(value: BigFloat): boolean {
  if (value.kind === 'infinite') return false;
  const { mantissa, exponent } = value;
  if (exponent >= 0 || mantissa === 0n) return true;
  return exponent > -128 && mantissa % (1n << BigInt(-exponent)) === 0n;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** The integer part, held within int64. */
export function clampedInt64(value: BigFloat): bigint {
  if (value.kind === 'infinite') return value.negative ? MIN_INT64 : MAX_INT64;
  const { mantissa, exponent } = value;
  if (exponent > 64) return mantissa < 0n ? MIN_INT64 : mantissa === 0n ? 0n : MAX_INT64;
  const whole =
    exponent >= 0 ? mantissa << BigInt(exponent) : mantissa / (1n << BigInt(Math.min(-exponent, 256)));
  return whole > MAX_INT64 ? MAX_INT64 : whole < MIN_INT64 ? MIN_INT64 : whole;
}

/** The same number as a float64, or undefined where that would round. */
export function exactDouble(value: BigFloat): number | undefined {
  if (value.kind === 'infinite') return value.negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const { mantissa, exponent } = value;
  if (Math.abs(exponent) > 1200) return mantissa === 0n ? 0 : undefined;
  const half = Math.trunc(exponent / 2);
  const double = Number(mantissa) * 2 ** half * 2 ** (exponent - half);
  if (!Number.isFinite(double)) return undefined;
  const back = bigFloatOf(double);
  return back.kind === 'finite' && same(back.mantissa, back.exponent, mantissa, exponent)
    ? double
    : undefined;
}

/** `big.Float.String()`: ten significant digits, format `g`. */
export function bigFloatText(value: BigFloat): string {
  if (value.kind === 'infinite') return value.negative ? '-Inf' : '+Inf';
  const { mantissa, exponent } = value;
  if (mantissa === 0n) return '0';
  const top = mantissa < 0n ? -mantissa : mantissa;
  const [numerator, denominator] =
    exponent >= 0 ? [top << BigInt(exponent), 1n] : [top, 1n << BigInt(-exponent)];
  let power = numerator.toString().length - denominator.toString().length;
  let digits = scaledDigits(numerator, denominator, power);
  if (digits.length > DIGITS) digits = scaledDigits(numerator, denominator, ++power);
  else if (digits.length < DIGITS) digits = scaledDigits(numerator, denominator, --power);
  return (mantissa < 0n ? '-' : '') + layOut(digits.replace(/0+$/, ''), power, DIGITS);
}

const DIGITS = 10;

/** numerator/denominator / 10^power with ten digits, ties to even. */
function scaledDigits(numerator: bigint, denominator: bigint, power: number): string {
  const shift = DIGITS - 1 - power;
  const top = shift >= 0 ? numerator * 10n ** BigInt(shift) : numerator;
  const bottom = shift < 0 ? denominator * 10n ** BigInt(-shift) : denominator;
  const quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  const up = twice > bottom || (twice === bottom && (quotient & 1n) === 1n);
  return String(up ? quotient + 1n : quotient);
}

/** `%g` and `%v` of a float64: the shortest digits that read back. */
export function formatG(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e');
  return (value < 0 ? '-' : '') + layOut(mantissa.replace('.', ''), Number(power), 6);
}

/** Go's choice between plain and exponent notation. */
function layOut(digits: string, exponent: number, precision: number): string {
  if (exponent >= -4 && exponent < precision) return plain(digits, exponent);
  const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${digits[0]}${rest}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** numerator/denominator × 2^twos, rounded to 64 bits, ties to even. */
function rounded(sign: bigint, numerator: bigint, denominator: bigint, twos: number): BigFloat {
  const shift = 66 - (numerator.toString(2).length - denominator.toString(2).length);
  const scaledTop = shift > 0 ? numerator << BigInt(shift) : numerator;
  const scaledBottom = shift < 0 ? denominator << BigInt(-shift) : denominator;
  let mantissa = scaledTop / scaledBottom;
  const sticky = scaledTop % scaledBottom !== 0n;
  const drop = BigInt(Math.max(0, mantissa.toString(2).length - 64));
  if (drop > 0n) {
    const lost = mantissa & ((1n << drop) - 1n);
    const tie = 1n << (drop - 1n);
    mantissa >>= drop;
    if (lost > tie || (lost === tie && (sticky || (mantissa & 1n) === 1n))) mantissa += 1n;
  }
  return { kind: 'finite', mantissa: sign * mantissa, exponent: -shift + Number(drop) + twos };
}

function same(a: bigint, ea: number, b: bigint, eb: number): boolean {
  const low = Math.min(ea, eb);
  return a << BigInt(ea - low) === b << BigInt(eb - low);
}
