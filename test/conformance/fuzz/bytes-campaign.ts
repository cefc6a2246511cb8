/** Spoilt messages, asked of an edge and of the server behind it; spoilt frames, thrown at the edge. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { QueryMethod } from '../../../src/fga/query.ts';
import { chance } from '../../support/chance.ts';
import { frame, type GrpcClient, type GrpcReply, grpcClient, SERVICE } from '../../support/grpc.ts';
import { PREFACE, rawH2 } from '../../support/h2-frames.ts';
import { saidOf } from '../grpc-target.ts';
import { type Plain, plainQuestions, randomFrames, spoilt } from './bytes.ts';
import { stable } from './compare.ts';

export interface BytesCampaign {
  /** `127.0.0.1:port`. */
  readonly edge: string;
  readonly server: string;
  /** Of the edge. */
  readonly pid: number;
  readonly storeId: string;
  readonly seed: number;
  report(text: string): void;
}

export interface BytesTally {
  messages: number;
  /** Answered by the edge itself. */
  local: number;
  /** Taken by both as sound questions. */
  sound: number;
  mismatches: number;
  conversations: number;
  /** Of the edge, at its largest, over what it was at the beginning. */
  grownMb: number;
}

const AT_ONCE = 16;
const CONVERSATIONS = 64;
/** How long a conversation may go unanswered before it is hung up. */
const HANG_UP_MS = 30;
/** A server that is asked again gives the same; what chance decides there is no difference. */
const AGAIN = 4;

/** Until the time is over; a mismatch is reported and counted. Throws when the edge does not answer a sound question. */
export async function runBytes(campaign: BytesCampaign, untilMs: number): Promise<BytesTally> {
  const tally = { messages: 0, local: 0, sound: 0, mismatches: 0, conversations: 0, grownMb: 0 };
  const questions = plainQuestions(campaign.storeId);
  const before = residentMb(campaign.pid);
  for (let round = 0; Date.now() < untilMs; round++) {
    const dice = chance(campaign.seed * 1_000_003 + round);
    const near = grpcClient(campaign.edge);
    const far = grpcClient(campaign.server);
    for (let times = 0; times < 8; times++) {
      const asked = Array.from({ length: AT_ONCE }, () => {
        const { method, message } = dice.pick(questions);
        return ask({ near, far }, { method, message: spoilt(message, dice) }, { campaign, tally, round });
      });
      await Promise.all(asked);
    }
    const thrown = Array.from({ length: CONVERSATIONS }, () => randomFrames(questions, dice));
    await Promise.all(thrown.map((frames) => converse(campaign.edge, frames)));
    tally.conversations += thrown.length;
    await expectAlive(near, questions, round);
    tally.grownMb = Math.max(tally.grownMb, residentMb(campaign.pid) - before);
    near.close();
    far.close();
  }
  return tally;
}

interface Both {
  readonly near: GrpcClient;
  readonly far: GrpcClient;
}

interface Round {
  readonly campaign: BytesCampaign;
  readonly tally: BytesTally;
  readonly round: number;
}

async function ask(
  { near, far }: Both,
  { method, message }: Plain,
  { campaign, tally, round }: Round,
): Promise<void> {
  tally.messages++;
  for (let again = 0; ; again++) {
    const [here, there] = await Promise.all(
      [near, far].map((client) => client.raw(`${SERVICE}${method}`, frame(message))),
    );
    if (here === undefined || there === undefined) throw new Error('two were asked');
    if (here.metadata['rsfga-served-by'] === 'local' && again === 0) tally.local++;
    if (there.status === 0 && again === 0) tally.sound++;
    if (isDeepStrictEqual(essence(method, here), essence(method, there))) return;
    if (again < AGAIN) continue;
    tally.mismatches++;
    const both = JSON.stringify([essence(method, here), essence(method, there)]);
    campaign.report(`seed ${campaign.seed} round ${round}: ${method} ${message.toString('hex')}\n${both}`);
    return;
  }
}

/** What was said, whatever the order of fields; Go puts one space or two, or one that does not break, by the build. */
function essence(method: QueryMethod, { status, message, ...rest }: GrpcReply) {
  const words = message.replaceAll('\u00a0', ' ').replaceAll(/ {2}/g, ' ');
  return { status, said: stable(saidOf({ method }, { status, message: words, ...rest })) };
}

async function converse(address: string, frames: readonly Buffer[]): Promise<void> {
  const raw = await rawH2(address, { mute: true });
  await raw.send(PREFACE, ...frames);
  await Promise.race([raw.closed, new Promise((resolve) => setTimeout(resolve, HANG_UP_MS))]);
  raw.destroy();
}

async function expectAlive(near: GrpcClient, [first]: readonly Plain[], round: number): Promise<void> {
  if (first === undefined) throw new Error('no question');
  const reply = await near.raw(`${SERVICE}${first.method}`, frame(first.message));
  if (reply.status !== 0) throw new Error(`round ${round}: the edge says ${reply.status} ${reply.message}`);
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
