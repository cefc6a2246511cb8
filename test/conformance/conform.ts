/** Runs one test of a suite against a target and tells where it did not say what the suite expects. */
import { isDeepStrictEqual } from 'node:util';
import { MAX_CONTEXTUAL_TUPLES } from '../../src/fga/limits.ts';
import { modelFrom } from '../support/datasets.ts';
import { type Case, casesOf } from './cases.ts';
import type { Said } from './said.ts';
import type { Stage, SuiteTest } from './suite.ts';
import type { Target, TargetStore } from './targets.ts';

/** `contextual`: the tuples of a single-stage test are sent with each query instead of being written. */
export type Way = 'written' | 'contextual';

export interface Finding {
  /** Test, stage and question. */
  readonly where: string;
  readonly expected: Case['expected'];
  readonly said: Said;
}

export interface Report {
  readonly asked: number;
  /** Answers that the suite does not expect. */
  readonly wrong: readonly Finding[];
  readonly declined: readonly Finding[];
}

export function runsContextual({ stages }: SuiteTest): boolean {
  return stages.length === 1 && (stages[0]?.tuples ?? []).length <= MAX_CONTEXTUAL_TUPLES;
}

/** One store for the test; its stages add tuples and each brings a new model. */
export async function runTest(target: Target, test: SuiteTest, way: Way): Promise<Report> {
  const store = await target.newStore();
  const findings: Finding[] = [];
  let asked = 0;
  for (const [index, stage] of test.stages.entries()) {
    for (const one of await prepared(store, stage, way)) {
      asked++;
      const said = await store.ask(one.query);
      if (agrees(one, said)) continue;
      findings.push({ where: `${test.name}, stage ${index}, ${one.name}`, expected: one.expected, said });
    }
  }
  const isDeclined = ({ said }: Finding) => 'declined' in said;
  return { asked, wrong: findings.filter((f) => !isDeclined(f)), declined: findings.filter(isDeclined) };
}

async function prepared(store: TargetStore, stage: Stage, way: Way): Promise<Case[]> {
  const modelId = await store.writeModel(modelFrom(stage.model));
  const tuples = stage.tuples ?? [];
  if (way === 'written') await store.write(tuples);
  return casesOf(stage, { storeId: store.storeId, modelId, contextual: way === 'contextual' ? tuples : [] });
}

function agrees({ query, expected }: Case, said: Said): boolean {
  if ('declined' in said) return false;
  if ('answer' in expected) return 'answer' in said && isDeepStrictEqual(said.answer, expected.answer);
  if (!('error' in said)) return false;
  // Over HTTP a stream tells only the gRPC class of an error (contract section 1.6); 3 is that of all input errors.
  const byClass = query.method === 'StreamedListObjects' && /^\d+$/.test(said.error.code);
  return said.error.code === (byClass ? '3' : expected.error);
}
