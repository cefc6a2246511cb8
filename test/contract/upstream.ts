/**
 * What an OpenFGA-compatible server must do, as scripts of HTTP calls. The same script is played on a real OpenFGA and on the
 * embedded upstream, and the outcomes must be equal: status, headers, JSON, error messages. Ids, times and tokens are masked.
 */

import { BAD_MODELS, MODELS } from './upstream-models.ts';
import { QUERIES } from './upstream-queries.ts';
import { GATEWAY, STORES } from './upstream-stores.ts';
import { ASSERTIONS, CHANGES, READS, WRITES } from './upstream-tuples.ts';

/** `{name}` in a path or a body stands for what an earlier step saved under that name. */
export interface Step {
  readonly does: string;
  /** `POST /stores/{store}/write` */
  readonly call: string;
  /** JSON, or text that is sent as it is. */
  readonly body?: unknown;
  /** Name → field of the answer. */
  readonly save?: Readonly<Record<string, string>>;
  /** The message of its error is not stable upstream. */
  readonly looseMessage?: true;
}

export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Played {
  readonly does: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export const SCRIPTS: readonly Script[] = [
  ...STORES,
  ...GATEWAY,
  ...MODELS,
  ...BAD_MODELS,
  ...WRITES,
  ...READS,
  ...CHANGES,
  ...ASSERTIONS,
  ...QUERIES,
];

/** Plays every step, one after the other. */
export async function play(url: string, script: Script): Promise<readonly Played[]> {
  const saved = new Map<string, string>();
  const outcomes: Played[] = [];
  for (const step of script.steps) {
    const [method = 'GET', path = '/'] = filled(step.call, saved).split(' ');
    const text = step.body === undefined ? undefined : asText(step.body);
    const body = text === undefined ? {} : { body: filled(text, saved) };
    const response = await fetch(url + path, { method, ...body });
    const answer = parsed(await response.text());
    for (const [name, field] of Object.entries(step.save ?? {})) {
      saved.set(name, String((answer as Record<string, unknown>)[field]));
    }
    outcomes.push({
      does: step.does,
      status: response.status,
      headers: shownHeaders(response.headers, saved),
      body: masked(answer, saved, step),
    });
  }
  return outcomes;
}

function asText(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function filled(text: string, saved: ReadonlyMap<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => saved.get(name) ?? whole);
}

/** One value, or the lines of a stream in the order of their text: upstream promises none. */
function parsed(text: string): unknown {
  const lines = text.trim().split('\n').filter(Boolean).sort();
  return lines.length > 1 ? lines.map((line) => JSON.parse(line)) : JSON.parse(lines[0] ?? 'null');
}

const HEADERS = [
  'content-type',
  'openfga-store-id',
  'openfga-authorization-model-id',
  'vary',
  'x-http-code',
  'x-request-id',
];

function shownHeaders(headers: Headers, saved: ReadonlyMap<string, string>): Record<string, string> {
  const present = HEADERS.filter((name) => headers.has(name));
  return Object.fromEntries(
    present.map((name) => {
      const value = headers.get(name) ?? '';
      return [name, name === 'x-request-id' ? '<id>' : maskedText(value, saved)];
    }),
  );
}

function masked(value: unknown, saved: ReadonlyMap<string, string>, step: Step): unknown {
  if (typeof value === 'string') return maskedText(value, saved);
  if (Array.isArray(value)) return inOrder(value.map((item) => masked(item, saved, step)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'message' && step.looseMessage) return [key, '<message>'];
      if (key === 'continuation_token' && inner !== '') return [key, '<token>'];
      return [key, masked(inner, saved, step)];
    }),
  );
}

/** Lists of plain texts are sets on this API: objects, users of a leaf. */
function inOrder(list: readonly unknown[]): readonly unknown[] {
  return list.every((item) => typeof item === 'string') ? [...list].sort() : list;
}

const ULID = /\b[0-9A-HJKMNP-TV-Z]{26}\b/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** The Go library that prints messages puts one or two spaces between fields, by the build. */
function maskedText(text: string, saved: ReadonlyMap<string, string>): string {
  let result = text.replace(TIME, '<time>').replace(/ {2,}/g, ' ');
  for (const [name, value] of saved) if (value.length >= 26) result = result.replaceAll(value, `{${name}}`);
  return result.replace(ULID, '<ulid>');
}
