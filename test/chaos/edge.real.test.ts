import { DISK } from './scenarios/disk.ts';
import { EDGE } from './scenarios/edge.ts';
import { chaosSuite } from './suite.ts';

// Without a small disk the full one is made by injection alone: `failing-store.test.ts`.
chaosSuite('faults at the edge', [...EDGE, ...DISK], { datastore: 'memory', centrals: 2 });
