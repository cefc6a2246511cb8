import { expect, it } from 'vitest';
import { createLanes } from '../../src/plugin/lanes.ts';

/** A job that ends when it is told to. */
function job(name: string, began: string[]) {
  let end = (_error?: Error) => {};
  const done = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve(name));
  });
  const run = () => {
    began.push(name);
    return done;
  };
  return { run, end: (error?: Error) => end(error) };
}

const ORDINARY = { urgent: false, wanted: () => true };
const URGENT = { urgent: true, wanted: () => true };

it('begins no more jobs than there are lanes, urgent ones first', async () => {
  const lanes = createLanes(1);
  const began: string[] = [];
  const [first, second, pressing] = [job('first', began), job('second', began), job('pressing', began)];
  const runs = [
    lanes.run(first.run, ORDINARY),
    lanes.run(second.run, ORDINARY),
    lanes.run(pressing.run, URGENT),
  ];
  expect(began).toEqual(['first']);
  expect(lanes.waiting()).toBe(2);
  for (const one of [first, pressing, second]) one.end();
  expect(await Promise.all(runs)).toEqual(['first', 'second', 'pressing']);
  expect(began).toEqual(['first', 'pressing', 'second']);
});

it('frees the lane of a job that fails, and tells who gave it', async () => {
  const lanes = createLanes(1);
  const began: string[] = [];
  const [bad, good] = [job('bad', began), job('good', began)];
  const failed = lanes.run(bad.run, ORDINARY);
  const done = lanes.run(good.run, ORDINARY);
  bad.end(new Error('no'));
  good.end();
  await expect(failed).rejects.toThrow('no');
  expect(await done).toBe('good');
});

it('does not begin what nobody wants any more', async () => {
  const lanes = createLanes(1);
  const began: string[] = [];
  const [first, late] = [job('first', began), job('late', began)];
  let wanted = true;
  const done = lanes.run(first.run, ORDINARY);
  const dropped = lanes.run(late.run, { urgent: false, wanted: () => wanted });
  wanted = false;
  first.end();
  expect(await done).toBe('first');
  expect(await dropped).toBeUndefined();
  expect(began).toEqual(['first']);
});
