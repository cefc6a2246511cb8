/** `rsfga-edge explain`: asks a running sidecar how one Check is decided there. */
import { durationText } from '../plugin/schema.ts';
import type { Explanation } from '../sidecar/explain.ts';
import type { AdminTarget } from './admin-target.ts';
import { askAdmin } from './ask-admin.ts';
import { EXIT } from './commands.ts';
import { UsageError } from './parse.ts';

export interface ExplainCommand {
  readonly target: AdminTarget;
  readonly flags: Readonly<Record<string, string>>;
  print(text: string): void;
}

/** Resolves with the exit code. Throws when the sidecar cannot be asked. */
export async function runExplain({ target, flags, print }: ExplainCommand): Promise<number> {
  const done = (await askAdmin(target, { name: 'explain', body: bodyOf(flags) })) as Explanation;
  print(flags.json === undefined ? explainText(done) : `${JSON.stringify(done, null, 2)}\n`);
  return EXIT.done;
}

function bodyOf(flags: Readonly<Record<string, string>>): object {
  const { store, user, relation, object, model, context } = flags;
  if (store === undefined || user === undefined || relation === undefined || object === undefined)
    throw new UsageError('rsfga-edge explain needs --store, --user, --relation and --object.');
  return {
    store_id: store,
    tuple_key: { user, relation, object },
    ...(model === undefined ? {} : { authorization_model_id: model }),
    ...(context === undefined ? {} : { context: contextOf(context) }),
  };
}

function contextOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--context is no JSON object, such as '{"ip": "10.0.0.1"}': ${text}`);
  }
}

export function explainText(said: Explanation): string {
  const { check, storeId, product, copy, modelId, read } = said;
  const { id, tier, maxStalenessMs, onStale } = product;
  const rows: (readonly [string, string])[] = [
    ['check', `${check.user} ${check.relation} ${check.object}, store ${storeId}`],
    ['decided', decidedText(said)],
    ['product', `${id}: tier ${tier}, max_staleness ${durationText(maxStalenessMs)}, on_stale ${onStale}`],
    ['copy', copy ? copyText(copy) : 'nothing of the store is kept here'],
    ...(modelId === undefined ? [] : [['model', modelId] as const]),
    ...proofRows(said),
    ...pathRows(said),
    ...(read === undefined ? [] : [['read', `${read} tuple${read === 1 ? '' : 's'}`] as const]),
  ];
  return `${rows.map(([name, text]) => `${name.padEnd(10)}${text}`).join('\n')}\n`;
}

function decidedText({ answeredBy, allowed, error, declined }: Explanation): string {
  const by = {
    local: 'here',
    cache: 'here, from the cache',
    upstream: 'by the upstream',
    nobody: 'by nobody',
  }[answeredBy];
  if (declined) {
    const detail = declined.detail === undefined ? '' : ` (${declined.detail})`;
    return `${by}; not here because: ${declined.reason}${detail}`;
  }
  if (error) return `${by}: ${error.code}, ${error.message}`;
  return `${by}: ${allowed === true ? 'allowed' : 'not allowed'}`;
}

function copyText({ phase, revision, tuples, ageMs }: NonNullable<Explanation['copy']>): string {
  const age = ageMs === undefined ? 'of unknown age' : `${(ageMs / 1000).toFixed(1)} s old`;
  return `${phase}, ${age}, ${tuples} tuples, revision ${revision}`;
}

function proofRows({ proof }: Explanation): (readonly [string, string])[] {
  if (!proof) return [];
  const { mayRead, keeps, notKept } = proof;
  const kept = typeof keeps === 'string' ? keeps : keeps.objectTypes.join(', ');
  return [
    ['may read', mayRead.join(', ') || 'nothing'],
    ['kept', notKept.length === 0 ? kept : `${kept}; NOT ${notKept.join(', ')}`],
  ];
}

function pathRows({ path, contextual = [] }: Explanation): (readonly [string, string])[] {
  const came = (tuple: { user: string; relation: string; object: string }) =>
    contextual.some(
      (c) => c.user === tuple.user && c.relation === tuple.relation && c.object === tuple.object,
    );
  return (path ?? []).map((tuple, n) => {
    const condition = tuple.condition === undefined ? '' : `, if ${tuple.condition.name}`;
    const from = came(tuple) ? ' (with the request)' : '';
    return [
      n === 0 ? 'because' : '',
      `${tuple.object} has ${tuple.relation} ${tuple.user}${condition}${from}`,
    ];
  });
}
