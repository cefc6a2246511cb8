/** What a hostile client may do to a gRPC port. Each resolves when it has done its worst. */
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, SERVICE } from '../support/grpc.ts';
import {
  END_HEADERS,
  END_STREAM,
  h2Frame,
  PADDED,
  PREFACE,
  rawH2,
  settings,
  TYPE,
} from '../support/h2-frames.ts';
import { FLOODS, HEADS_ATTACKS } from './grpc-floods.ts';
import {
  type Attack,
  CANCELLED,
  CHECK,
  flood,
  head,
  listMessage,
  MAX_FRAME,
  same,
  streamIds,
  WHOLE,
} from './grpc-hostile.ts';

/** No credit for answers. */
const ZERO_WINDOW = settings([4, 0]);

const HOLDERS: readonly Attack[] = [
  {
    name: '900 answers that are never read: no window',
    async attack(victim) {
      const raw = await rawH2(victim.grpc, { settings: ZERO_WINDOW });
      const list = listMessage(victim);
      for (const id of streamIds(900)) {
        await raw.send(head(id, `${SERVICE}StreamedListObjects`), h2Frame(TYPE.data, END_STREAM, id, list));
      }
      return { connections: [raw] };
    },
  },
  {
    name: '900 forwarded answers that are never read',
    async attack(victim) {
      const raw = await rawH2(victim.grpc, { settings: ZERO_WINDOW });
      const read = frame(Buffer.concat([Buffer.from([0x0a, 26]), Buffer.from(victim.storeId)]));
      for (const id of streamIds(900)) {
        await raw.send(head(id, `${SERVICE}Read`), h2Frame(TYPE.data, END_STREAM, id, read));
      }
      return { connections: [raw] };
    },
  },
  {
    name: '3 000 calls at once on one connection',
    attack: (victim) => flood(victim, (at) => streamIds(100).map((id) => head(id + 200 * at)), 30),
  },
  {
    name: '900 calls without a message',
    attack: (victim) => flood(victim, (at) => streamIds(100).map((id) => head(id + 200 * at)), 9),
  },
  {
    name: '900 forwarded calls without a message',
    attack: (victim) =>
      flood(victim, (at) => streamIds(100).map((id) => head(id + 200 * at, `${SERVICE}Read`)), 9),
  },
  {
    name: '900 calls of an unknown method without a message',
    attack: (victim) =>
      flood(
        victim,
        (at) => streamIds(100).map((id) => head(id + 200 * at, '/grpc.health.v1.Health/Watch')),
        9,
      ),
  },
  {
    name: 'half a megabyte of a request, byte by byte, never ended',
    attack: (victim) =>
      flood(
        victim,
        (at) => {
          if (at === 0) return [head(1), h2Frame(TYPE.data, 0, 1, Buffer.from([0, 0, 8, 0, 0]))];
          return same(h2Frame(TYPE.data, 0, 1, Buffer.from([1])), 5_000);
        },
        100,
      ),
  },
  {
    name: '100 requests of half a megabyte, never ended',
    isEnded: true,
    async attack(victim) {
      const raw = await rawH2(victim.grpc);
      for (const id of streamIds(200)) {
        await raw.send(head(id), ...same(h2Frame(TYPE.data, 0, id, Buffer.alloc(MAX_FRAME)), 32));
        while (raw.socket.writableLength > 1_000_000 && !raw.isClosed()) await sleep(5);
      }
      return { connections: [raw] };
    },
  },
];

/** Bytes that are no HTTP/2, or no sense of it. `raw`: without the preface. */
const NONSENSE: readonly (readonly [name: string, frames: readonly Buffer[]])[] = [
  ['HTTP/1.1', [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]],
  ['the preface and nothing', [PREFACE]],
  ['half a preface', [PREFACE.subarray(0, 10)]],
  ['the preface and half a frame', [PREFACE, Buffer.from([0, 0, 6, 4])]],
  ['a TLS hello', [Buffer.from('16030100050100000100', 'hex')]],
  ['DATA on no call', speak(h2Frame(TYPE.data, 0, 0, Buffer.alloc(5)))],
  ['DATA on a call that was not opened', speak(h2Frame(TYPE.data, END_STREAM, 5, Buffer.alloc(5)))],
  ['a head on stream 0', speak(head(0))],
  ['a head on an even stream', speak(head(2))],
  ['an earlier stream after a later one', speak(head(9, CHECK, WHOLE), head(3, CHECK, WHOLE))],
  ['two heads on one stream', speak(head(1), head(1))],
  ['a CONTINUATION of nothing', speak(h2Frame(TYPE.continuation, END_HEADERS, 1))],
  ['a ping within a head', speak(h2Frame(TYPE.headers, 0, 1), h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8)))],
  ['SETTINGS on a call', speak(h2Frame(TYPE.settings, 0, 1))],
  ['SETTINGS of five bytes', speak(h2Frame(TYPE.settings, 0, 0, Buffer.alloc(5)))],
  ['an ACK with settings', speak(h2Frame(TYPE.settings, 1, 0, Buffer.alloc(6)))],
  ['a window beyond bounds', speak(settings([4, 0xffff_ffff]))],
  ['a frame size beyond bounds', speak(settings([5, 1]))],
  ['a ping of seven bytes', speak(h2Frame(TYPE.ping, 0, 0, Buffer.alloc(7)))],
  ['a reset of nothing', speak(h2Frame(TYPE.reset, 0, 7, CANCELLED))],
  ['a reset of two bytes', speak(head(1), h2Frame(TYPE.reset, 0, 1, Buffer.alloc(2)))],
  ['a push', speak(h2Frame(TYPE.push, END_HEADERS, 1, Buffer.alloc(4)))],
  ['a frame larger than allowed', speak(head(1), h2Frame(TYPE.data, 0, 1, Buffer.alloc(17_000)))],
  [
    'a frame that says 16 MB and has 10 bytes',
    speak(head(1), h2Frame(TYPE.data, 0, 1, Buffer.alloc(10), 0xff_ffff)),
  ],
  ['more padding than payload', speak(head(1), h2Frame(TYPE.data, PADDED, 1, Buffer.from([200, 1, 2])))],
  ['a call that depends on itself', speak(h2Frame(TYPE.priority, 0, 1, Buffer.from([0, 0, 0, 1, 1])))],
  ['an unknown frame', speak(h2Frame(0xfe, 0xff, 1, Buffer.alloc(100)))],
  ['ALTSVC and ORIGIN', speak(h2Frame(10, 0, 0, Buffer.alloc(10)), h2Frame(12, 0, 0, Buffer.alloc(10)))],
  ['a goodbye and another call', speak(h2Frame(TYPE.goaway, 0, 0, Buffer.alloc(8)), head(1))],
];

function speak(...frames: readonly Buffer[]): Buffer[] {
  return [PREFACE, settings(), ...frames];
}

const NONSENSE_ATTACKS: readonly Attack[] = NONSENSE.map(([name, frames]) => ({
  name,
  async attack({ grpc }) {
    const raw = await rawH2(grpc, { mute: true });
    await raw.send(...frames);
    await Promise.race([raw.closed, sleep(50)]);
    return { connections: [raw] };
  },
}));

export const ATTACKS: readonly Attack[] = [
  ...FLOODS,
  ...HEADS_ATTACKS,
  ...HOLDERS.map((attack) => ({ ...attack, holds: true })),
  ...NONSENSE_ATTACKS,
];
