/** The plan as a table for a terminal. */
import { EVERY_STORE } from '../config/config.ts';
import type { Keeps } from '../plugin/tier.ts';
import { PLANNED, type PlannedMethod, type Row, type Verdict } from './plan-rows.ts';
import type { Plan, ProductPlan } from './plan-table.ts';

const MOST_STORES = 3;

export function planText({ config, model, products, tuples }: Plan): string {
  const many = products[0]?.rows.length ?? 0;
  return [
    `${model} under ${config}: ${many} relations`,
    '',
    ...products.flatMap((product) => [...productLines(product), '']),
    tuplesLine(tuples),
    '',
  ].join('\n');
}

function productLines(product: ProductPlan): string[] {
  const { id, tier, elsewhere, stores, keeps, undelivered, unknown, rows } = product;
  const where = elsewhere ? ', for other regions' : '';
  const gap = undelivered.length === 0 ? '' : ` (nats_subjects do not deliver ${undelivered.join(', ')})`;
  const strange = unknown.length === 0 ? [] : [`  not in this model: ${unknown.join(', ')}`];
  const uniform = PLANNED.filter((method) => isUniform(rows, method));
  return [
    `${id}: tier ${tier}${where}, keeps ${keepsText(keeps)}${gap}; ${storesText(stores)}`,
    ...strange,
    ...columns([['  relation', 'Check', 'because'], ...rows.flatMap((row) => rowLines(row, uniform))]),
    `  Check: ${countText(rows)}.${uniform.map((method) => ` ${method}: always forwarded.`).join('')}`,
  ];
}

function rowLines(
  { type, relation, check, otherwise, unsteady }: Row,
  left: readonly PlannedMethod[],
): string[][] {
  const cycle = unsteady && check.where === 'local' ? 'forwarded where a cycle is met under "but not"' : '';
  const first = [`  ${type}#${relation}`, check.where, because(check) || cycle];
  const shown = PLANNED.filter((method) => !left.includes(method) && otherwise[method] !== undefined);
  const others = Map.groupBy(shown, (method) => JSON.stringify(otherwise[method]));
  return [
    first,
    ...[...others.values()].map((methods) => {
      const verdict = otherwise[methods[0] ?? 'Expand'] ?? check;
      return ['', '', `${methods.join(', ')}: ${verdict.where}${prefixed(because(verdict))}`];
    }),
  ];
}

function because({ reason, prevents }: Verdict): string {
  const types = Object.entries(prevents);
  if (types.length > 0)
    return `may read ${types.map(([type, pairs]) => `${type} (${pairs.join(', ')})`).join(' and ')}`;
  return reason === undefined ? '' : (REASONS[reason] ?? reason);
}

/** Those that a model alone can lead to. */
const REASONS: Readonly<Record<string, string>> = {
  miss: 'a cycle may be met under "but not": not remembered',
  method: 'this method is never answered by the tier',
  model: 'the model is not understood here',
};

/** The tier never answers the method, whatever is asked: one line says so. */
function isUniform(rows: readonly Row[], method: PlannedMethod): boolean {
  return rows.length > 0 && rows.every(({ otherwise }) => otherwise[method]?.reason === 'method');
}

function keepsText(keeps: Keeps): string {
  if (typeof keeps === 'string') return keeps;
  return keeps.objectTypes.length === 0 ? 'no tuples' : keeps.objectTypes.join(', ');
}

function storesText(stores: readonly string[]): string {
  if (stores.includes(EVERY_STORE)) return 'every store that no other product names';
  const more = stores.length - MOST_STORES;
  const named = stores.slice(0, MOST_STORES).join(', ');
  return `store${stores.length === 1 ? '' : 's'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}

function countText(rows: readonly Row[]): string {
  const counts = (['local', 'cached', 'forwarded'] as const).map(
    (where) => [where, rows.filter(({ check }) => check.where === where).length] as const,
  );
  const some = counts.filter(([, count]) => count > 0).map(([where, count]) => `${count} ${where}`);
  return some.length > 0 ? some.join(', ') : 'no relations';
}

function tuplesLine(tuples: Plan['tuples']): string {
  if ('notCounted' in tuples) return `tuples: not counted (${tuples.notCounted})`;
  const { here, whole, byType, storeId } = tuples;
  const of = `${whole ? '' : 'the first '}${tuples.tuples} tuples of ${storeId}`;
  const share = tuples.tuples === 0 ? '' : ` (${Math.round((100 * here) / tuples.tuples)} %)`;
  const types = Object.entries(byType).map(([type, count]) => `${type} ${count}`);
  return `tuples: ${here} of ${of} would be kept here${share}${prefixed(types.join(', '))}`;
}

function prefixed(text: string): string {
  return text === '' ? '' : `: ${text}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
