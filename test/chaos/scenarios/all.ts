/** Every scenario, by the group in which it is tested. */
import type { Scenario } from '../scenario.ts';
import { LINES, SERVER, STREAMS } from './broker.ts';
import { CENTRAL } from './central.ts';
import { DISK } from './disk.ts';
import { EDGE } from './edge.ts';
import { PAIR } from './pair.ts';

export const ALL: readonly Scenario[] = [
  ...CENTRAL,
  ...SERVER,
  ...STREAMS,
  ...LINES,
  ...EDGE,
  ...DISK,
  ...PAIR,
];
