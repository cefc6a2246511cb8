/**
 * What every tier promises. This suite is the definition of a tier, for those built in and for those from outside; it is
 * exported as `rsfga-edge/test/contract/tier` and needs no test runner of its own:
 *
 *     for (const { name, run } of tierContract(plugin, { options })) test(name, run);
 */
import assert from 'node:assert/strict';
import { partsFor } from '../../plugins/tier/outside.ts';
import { readOptions } from '../../src/config/tier-options.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { CacheEvents } from '../../src/plugin/tier.ts';
import type { TierPlugin } from '../../src/plugin/tier-plugin.ts';
import { handClock } from '../support/hand-clock.ts';
import { type Breach, movingWorlds, stillWorlds, type TrialParts } from './tier-findings.ts';
import {
  closesTwice,
  declinesBlind,
  forgets,
  hearsAnything,
  keepsTheSame,
  lessIsNoMore,
  none,
  saysWhatItKeeps,
  someAnswers,
} from './tier-trials.ts';

export interface TierPromise {
  /** A sentence. */
  readonly name: string;
  /** Rejects with an AssertionError, which names the random world. */
  run(): Promise<void>;
}

export interface TierTrial {
  /**
   * As they would stand in the YAML. A function is given some object types of a random world: worlds are made of `group`,
   * `folder`, `document` and `org`.
   */
  readonly options?: object | ((objectTypes: readonly string[]) => object);
  /** Random worlds, each tried standing still and moving. Default 20: some seconds. */
  readonly seeds?: number;
}

const SEEDS = 20;

export function tierContract(
  plugin: TierPlugin,
  { options = {}, seeds = SEEDS }: TierTrial = {},
): readonly TierPromise[] {
  const trial = { ...openerOf(plugin, options), seeds };
  const still = once(() => stillWorlds(trial));
  const moving = once(() => movingWorlds(trial));
  const never = (breach: Breach) => async () => {
    none(await still(), breach);
    none(await moving(), breach);
  };
  return [
    { name: 'it takes its options and says what it keeps', run: () => saysWhatItKeeps(trial) },
    { name: 'what it keeps never changes', run: () => keepsTheSame(trial) },
    { name: 'it answers only what all tuples would answer', run: async () => none(await still(), 'wrong') },
    {
      name: 'it answers nothing that is older than an applied change, nor newer than its view but from memory',
      run: async () => none(await moving(), 'wrong'),
    },
    {
      name: 'it answers something, if it keeps something',
      run: async () => someAnswers(trial, await still()),
    },
    {
      name: 'every outcome has its form: an answer to the question, an error of the engine, or a decline with a reason',
      run: never('form'),
    },
    { name: 'an answer names the model that decided', run: never('model') },
    { name: 'nothing that it is asked or told makes it throw', run: never('threw') },
    { name: 'it reads its view in no later turn of the event loop', run: never('late') },
    { name: 'every question settles', run: never('never') },
    { name: 'HIGHER_CONSISTENCY is not answered from memory', run: never('memory') },
    {
      name: 'without a copy, or under a model that is not here, it declines',
      run: () => declinesBlind(trial),
    },
    {
      name: 'from a copy of fewer types it answers no more than that proves',
      run: () => lessIsNoMore(trial),
    },
    { name: 'at a gap, and when an operator drops the store, it forgets', run: () => forgets(trial) },
    {
      name: 'it hears of stores, changes and keys that it knows nothing of',
      run: () => hearsAnything(trial),
    },
    {
      name: 'it is closed twice without harm, and may be told afterwards what the upstream said',
      run: () => closesTwice(trial),
    },
  ];
}

function openerOf(plugin: TierPlugin, options: NonNullable<TierTrial['options']>): Omit<TrialParts, 'seeds'> {
  const clock = handClock();
  return {
    pass: clock.pass,
    async open(objectTypes) {
      const given: unknown = typeof options === 'function' ? options(objectTypes) : options;
      const read = readOptions(plugin, given);
      assert('options' in read, `it does not take its options: ${JSON.stringify(read)}`);
      // Engines remember models by their ids, so that each world has its own.
      return plugin.open(read.options, partsFor({ clock, log: silentLog, lagMs: 0, events: SILENT }));
    },
  };
}

const SILENT: CacheEvents = { hit() {}, joined() {}, miss() {}, stored() {}, refused() {}, failed() {} };

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
