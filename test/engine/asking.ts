/** A small world in memory, and short ways to ask the engine about it. */
import { transformer } from '@openfga/syntax-transformer';
import { createEngine, type EngineOptions } from '../../src/engine/evaluate.ts';
import type { Outcome } from '../../src/fga/answer.ts';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { BatchCheckItem } from '../../src/fga/query.ts';
import type { JsonObject, Tuple } from '../../src/fga/tuple.ts';
import { MemoryReader } from '../support/memory-reader.ts';

export interface Extras {
  readonly context?: JsonObject;
  readonly contextual?: readonly (string | Tuple)[];
  /** By number of the model, oldest first. The latest is not named. */
  readonly model?: number;
}

/** A busy machine must not turn answers into declines. */
const PATIENT = { millis: 60_000 };

/** `document:1#viewer@user:anne`. */
export function tuple(text: string, condition?: string, context?: JsonObject): Tuple {
  const [object = '', rest = ''] = splitOnce(text, '#');
  const [relation = '', user = ''] = splitOnce(rest, '@');
  const key = { object, relation, user };
  return condition === undefined
    ? key
    : { ...key, condition: { name: condition, ...(context && { context }) } };
}

export function modelOf(dsl: string, number = 0): AuthorizationModel {
  const json = transformer.transformDSLToJSONObject(`model\n  schema 1.1\n${dsl}`);
  return { ...json, id: modelId(number) } as AuthorizationModel;
}

/** Each later model is newer. Tuples are given as text or whole. */
export function world(
  models: string | readonly (string | AuthorizationModel)[],
  tuples: readonly (string | Tuple)[],
  options?: EngineOptions,
) {
  const texts = typeof models === 'string' ? [models] : models;
  const stored = tuples.map(whole);
  const known = texts.map((model, i) =>
    typeof model === 'string' ? modelOf(model, i) : { ...model, id: modelId(i) },
  );
  const reader = new MemoryReader(known, stored);
  const engine = createEngine({ ...options, budget: { ...PATIENT, ...options?.budget } });
  const scope = ({ model }: Extras) => ({
    storeId: 'store',
    consistency: 'unspecified' as const,
    ...(model !== undefined && { modelId: modelId(model) }),
  });
  const extras = ({ context, contextual = [] }: Extras) => ({
    contextualTuples: contextual.map(whole),
    ...(context && { context }),
  });
  return {
    reader,
    engine,
    check(question: string, more: Extras = {}) {
      const outcome = engine.answer(
        { method: 'Check', ...scope(more), tupleKey: tuple(question), ...extras(more) },
        reader,
      );
      return said(outcome, (answer) => (answer.method === 'Check' ? answer.allowed : answer));
    },
    batch(checks: readonly BatchCheckItem[]) {
      const outcome = engine.answer({ method: 'BatchCheck', ...scope({}), checks }, reader);
      return said(outcome, (answer) =>
        answer.method === 'BatchCheck' ? Object.fromEntries(answer.result) : answer,
      );
    },
    objects(user: string, relation: string, type: string, more: Extras & { streamed?: boolean } = {}) {
      const method = more.streamed ? 'StreamedListObjects' : 'ListObjects';
      const outcome = engine.answer(
        { method, ...scope(more), user, relation, type, ...extras(more) },
        reader,
      );
      return said(outcome, (answer) => ('objects' in answer ? [...answer.objects].sort() : answer));
    },
    users(node: string, filter: string, more: Extras = {}) {
      const { object, relation } = tuple(`${node}@`);
      const [type = '', id = ''] = splitOnce(object, ':');
      const [filterType = '', filterRelation] = filter.split('#');
      const userFilter = {
        type: filterType,
        ...(filterRelation !== undefined && { relation: filterRelation }),
      };
      const query = {
        method: 'ListUsers',
        ...scope(more),
        object: { type, id },
        relation,
        userFilter,
        ...extras(more),
      } as const;
      return said(engine.answer(query, reader), (answer) =>
        'users' in answer ? answer.users.map(userText).sort() : answer,
      );
    },
    expand(node: string, more: Extras = {}) {
      const { object, relation } = tuple(`${node}@`);
      const { contextualTuples } = extras(more);
      const outcome = engine.answer(
        { method: 'Expand', ...scope(more), object, relation, contextualTuples },
        reader,
      );
      return said(outcome, (answer) => ('root' in answer ? answer.root : answer));
    },
  };
}

type Answer = Extract<Outcome, { answer: unknown }>['answer'];

/** The plain answer; an error as `code: message`; a decline as `declined: reason`. */
function said(outcome: Outcome, plain: (answer: Answer) => unknown): unknown {
  if ('answer' in outcome) return plain(outcome.answer);
  if ('error' in outcome) return `${outcome.error.code}: ${outcome.error.message}`;
  return `declined: ${outcome.declined}`;
}

function userText(user: object): string {
  const { object, userset, wildcard } = user as Partial<
    Record<'object' | 'userset' | 'wildcard', { type: string; id: string; relation: string }>
  >;
  if (userset) return `${userset.type}:${userset.id}#${userset.relation}`;
  return object ? `${object.type}:${object.id}` : `${wildcard?.type}:*`;
}

function whole(given: string | Tuple): Tuple {
  return typeof given === 'string' ? tuple(given) : given;
}

function modelId(number: number): string {
  return `01J${String(number).padStart(23, '0')}`;
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
