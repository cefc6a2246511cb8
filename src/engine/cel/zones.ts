/** Time zones in the getters of timestamps: fixed offsets as cel-go reads them, and IANA names. */

import { Decline } from '../decline.ts';
import { quoted } from '../go-quote.ts';
import { floorDivide, SECOND, type Timestamp } from './go-time.ts';
import { Failure } from './values.ts';

/** Seconds east of UTC at that moment. */
export function zoneOffset(zone: string, at: Timestamp): number | Failure {
  const colon = zone.indexOf(':');
  if (colon < 0) return namedOffset(zone, at);
  const hours = atoi(zone.slice(0, colon));
  const minutes = atoi(zone.slice(colon + 1));
  if (hours instanceof Failure) return hours;
  if (minutes instanceof Failure) return minutes;
  return (zone.startsWith('-') ? hours * 60 - minutes : hours * 60 + minutes) * 60;
}

function atoi(text: string): number | Failure {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text);
  const certain = !/^[+-]?\d+$/.test(text);
  return new Failure(certain ? `strconv.Atoi: parsing ${quoted(text)}: invalid syntax` : undefined);
}

let known: ReadonlySet<string> | undefined;

/** Before that year `Intl` and `Date.UTC` do not mean the same by the number of a year. */
const FIRST_SECONDS = Date.UTC(1000, 0) / 1000;

/** Only names that this runtime lists: Go minds their case, and knows some that `Intl` does not. */
function namedOffset(zone: string, at: Timestamp): number {
  if (zone === '' || zone === 'UTC') return 0;
  known ??= new Set(Intl.supportedValuesOf('timeZone'));
  if (!known.has(zone)) throw new Decline('condition', `time zone '${zone}'`);
  const seconds = Number(floorDivide(at.ns, SECOND));
  if (seconds < FIRST_SECONDS) throw new Decline('condition', `time zone '${zone}' that long ago`);
  const parts = formatOf(zone).formatToParts(new Date(seconds * 1000));
  const value = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  );
  return Math.round(local / 1000) - seconds;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const cached = formats.get(timeZone);
  if (cached) return cached;
  const two = '2-digit' as const;
  const options = { timeZone, hourCycle: 'h23' as const, year: 'numeric' as const };
  const format = new Intl.DateTimeFormat('en-US', {
    ...options,
    month: two,
    day: two,
    hour: two,
    minute: two,
    second: two,
  });
  formats.set(timeZone, format);
  return format;
}
