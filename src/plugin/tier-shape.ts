/** What a tier from outside gave: the thing that it should be, or what is wrong with it. */
import type { Answer, DeclineReason } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import type { Query } from '../fga/query.ts';
import type { Keeps, Tier } from './tier.ts';

const REASONS: Readonly<Record<DeclineReason, true>> = {
  consistency: true,
  revision: true,
  stale: true,
  syncing: true,
  reach: true,
  miss: true,
  model: true,
  condition: true,
  cycle: true,
  depth: true,
  budget: true,
  truncated: true,
  method: true,
  fault: true,
  credentials: true,
  request: true,
};

export function isDeclineReason(word: unknown): word is DeclineReason {
  return typeof word === 'string' && Object.hasOwn(REASONS, word);
}

/** Undefined when it is an outcome of this query. */
export function outcomeProblem(given: unknown, query: Query): string | undefined {
  if (!isRecord(given)) return `${typeof given} is no outcome`;
  const { modelId, cached, remember } = given;
  if (modelId !== undefined && typeof modelId !== 'string') return 'modelId is no text';
  if (cached !== undefined && typeof cached !== 'boolean') return 'cached is not true';
  const kinds = ['answer', 'error', 'declined'].filter((kind) => kind in given);
  if (kinds.length !== 1) return 'it is not one of answer, error and declined';
  if (kinds[0] === 'declined') return declineProblem(given);
  if (remember !== undefined) return 'remember goes with a decline';
  if (kinds[0] === 'error')
    return given.error instanceof FgaError ? undefined : 'the error is none of the engine';
  return isRecord(given.answer) ? answerProblem(given.answer, query) : 'the answer is no object';
}

function declineProblem({
  declined,
  detail,
  remember,
}: Readonly<Record<string, unknown>>): string | undefined {
  if (!isDeclineReason(declined)) return `${JSON.stringify(declined)} is no reason`;
  if (detail !== undefined && typeof detail !== 'string') return 'detail is no text';
  return remember === undefined || typeof remember === 'function' ? undefined : 'remember is no function';
}

function answerProblem(given: Readonly<Record<string, unknown>>, query: Query): string | undefined {
  if (given.method !== query.method)
    return `the answer is to ${String(given.method)}, the query ${query.method}`;
  return isAnswer(given as Partial<Answer>, query) ? undefined : `it is no answer to ${query.method}`;
}

function isAnswer(given: Partial<Answer>, query: Query): boolean {
  switch (given.method) {
    case 'Check':
      return typeof given.allowed === 'boolean';
    case 'BatchCheck':
      return (
        query.method === 'BatchCheck' &&
        isBatch(
          given.result,
          query.checks.map((item) => item.correlationId),
        )
      );
    case 'ListObjects':
    case 'StreamedListObjects':
      return isList(given.objects, isText);
    case 'ListUsers':
      return isList(given.users, isUser);
    case 'Expand':
      return isNode(given.root, MAX_NODE_DEPTH);
    default:
      return false;
  }
}

function isBatch(result: unknown, ids: readonly string[]): boolean {
  if (!(result instanceof Map) || result.size !== new Set(ids).size) return false;
  return ids.every((id) => {
    const item: unknown = result.get(id);
    if (!isRecord(item)) return false;
    return 'error' in item ? item.error instanceof FgaError : typeof item.allowed === 'boolean';
  });
}

function isUser(user: unknown): boolean {
  const [kind, form] = onlyForm(user);
  if (form === undefined || !isText(form.type)) return false;
  if (kind === 'wildcard') return true;
  return isText(form.id) && (kind === 'object' || (kind === 'userset' && isText(form.relation)));
}

/** Deeper than any relation that somebody wrote; a tree without an end is not walked for ever. */
const MAX_NODE_DEPTH = 1_000;

function isNode(node: unknown, depth: number): boolean {
  if (!isRecord(node) || !isText(node.name) || depth === 0) return false;
  const { name: _, ...rest } = node;
  const [kind, form] = onlyForm(rest);
  const inner = (one: unknown) => isNode(one, depth - 1);
  switch (kind) {
    case 'leaf':
      return isLeaf(form);
    case 'difference':
      return inner(form?.base) && inner(form?.subtract);
    case 'union':
    case 'intersection':
      return isList(form?.nodes, inner);
    default:
      return false;
  }
}

function isLeaf(leaf: unknown): boolean {
  const [kind, form] = onlyForm(leaf);
  const isUserset = (one: unknown) => isRecord(one) && isText(one.userset);
  switch (kind) {
    case 'users':
      return isList(form?.users, isText);
    case 'computed':
      return isUserset(form);
    case 'tupleToUserset':
      return isText(form?.tupleset) && isList(form?.computed, isUserset);
    default:
      return false;
  }
}

/** The one key of a mapping and the mapping under it. */
function onlyForm(value: unknown): [string | undefined, Readonly<Record<string, unknown>> | undefined] {
  const [entry, ...more] = isRecord(value) ? Object.entries(value) : [];
  if (entry === undefined || more.length > 0 || !isRecord(entry[1])) return [undefined, undefined];
  return [entry[0], entry[1]];
}

const HOOKS = ['changing', 'forget', 'invalidate', 'close'] as const;

/** Undefined when it is a tier. */
export function tierProblem(given: unknown): string | undefined {
  if (!isRecord(given)) return 'open gave no tier';
  const { keeps, answer } = given as Partial<Record<keyof Tier, unknown>>;
  if (typeof answer !== 'function') return 'the tier has no function answer';
  const odd = HOOKS.find((hook) => given[hook] !== undefined && typeof given[hook] !== 'function');
  if (odd !== undefined) return `${odd} is no function`;
  return isKeeps(keeps) ? undefined : "keeps is not 'everything', 'nothing' or { objectTypes: [ … ] }";
}

/** The name of an object type, as models have it. */
const TYPE = /^[^:#@*\s]{1,254}$/;

function isKeeps(keeps: unknown): keeps is Keeps {
  if (keeps === 'everything' || keeps === 'nothing') return true;
  return isRecord(keeps) && isList(keeps.objectTypes, (type) => isText(type) && TYPE.test(type));
}

export function isPromise(given: unknown): given is PromiseLike<unknown> {
  return isRecord(given) && typeof given.then === 'function';
}

function isList(list: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isItem);
}

function isText(text: unknown): text is string {
  return typeof text === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
