/**
 * Asking the sequencer over NATS: request and reply on `rsfga.control.barrier`, JSON both ways. Only the sequencer's
 * process serves. A question about many stores travels in pieces, since its reply must fit one message.
 */
import {
  headers,
  type Msg,
  type NatsConnection,
  NoRespondersError,
  RequestError,
} from '@nats-io/transport-node';
import type { ControlChannel, ControlQuestion, ControlReply } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { Log } from '../../src/plugin/log.ts';
import type { NatsLink } from './nats-connect.ts';
import { MAX_QUESTION_BYTES, parseQuestion, parseReply, piecesOf } from './nats-question.ts';
import { hear } from './nats-subscribe.ts';

export const BARRIER_SUBJECT = 'rsfga.control.barrier';

/** A sequencer that hands over, or has only just begun to listen, is asked again after these pauses. */
const NOBODY_YET_MS = [50, 150, 300];
export const FAILED = 'Rsfga-Error';

type Answer = (question: ControlQuestion) => Promise<ControlReply>;

export function createControl(link: NatsLink, clock: Clock, log: Log): ControlChannel {
  async function reply(message: Msg, answer: Answer): Promise<void> {
    try {
      if (message.data.length > MAX_QUESTION_BYTES) throw new Error('the question is too large');
      message.respond(JSON.stringify(await answer(parseQuestion(message.string()))));
    } catch (error) {
      log.warn({ error: String(error), bytes: message.data.length }, 'a question could not be answered');
      const header = headers();
      header.set(FAILED, oneLine(error));
      message.respond('', { headers: header });
    }
  }

  function listen(answer: Answer, signal: AbortSignal): Promise<void> {
    const refused = ({ message }: Error) =>
      log.error({ error: message }, 'the control subject cannot be served');
    return hear(
      { link, subject: BARRIER_SUBJECT, refused, message: (message) => void reply(message, answer) },
      signal,
    );
  }

  async function askOne(
    nc: NatsConnection,
    piece: ControlQuestion,
    timeoutMs: number,
  ): Promise<ControlReply> {
    const deadline = clock.monoMs() + timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await request(nc, piece, Math.max(1, deadline - clock.monoMs()));
      } catch (error) {
        const pause = NOBODY_YET_MS[attempt];
        if (!isNobody(error)) throw error;
        if (pause === undefined || clock.monoMs() + pause >= deadline)
          throw new Error('no sequencer serves the change log', { cause: error });
        await clock.sleep(pause);
      }
    }
  }

  return {
    async ask(question, timeoutMs) {
      const nc = link.connection();
      const replies = await Promise.all(piecesOf(question).map((piece) => askOne(nc, piece, timeoutMs)));
      return { heads: Object.assign({}, ...replies.map(({ heads }) => heads)) };
    },
    serve(answer) {
      const stop = new AbortController();
      void listen(answer, AbortSignal.any([stop.signal, link.closed])).catch((error) =>
        log.error({ error: String(error) }, 'the control subject is no longer served'),
      );
      return () => stop.abort();
    },
  };
}

async function request(nc: NatsConnection, piece: ControlQuestion, timeout: number): Promise<ControlReply> {
  const message = await nc.request(BARRIER_SUBJECT, JSON.stringify(piece), { timeout });
  const failure = message.headers?.get(FAILED) ?? '';
  if (failure !== '') throw new Error(`the sequencer could not answer: ${failure}`);
  return parseReply(message.string());
}

export function isNobody(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
}

/** Header values hold one line of printable ASCII. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300) || 'failed';
}
