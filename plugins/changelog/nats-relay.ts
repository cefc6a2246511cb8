/**
 * Hand-overs between central sidecars: request and reply on `rsfga.control.capture`, JSON both ways. Only central users may
 * publish there: who does can have changes published.
 */
import { headers, type Msg, TimeoutError } from '@nats-io/transport-node';
import type { Tuple, TupleKey } from '../../src/fga/tuple.ts';
import { NotHolderError } from '../../src/plugin/lease.ts';
import type { Log } from '../../src/plugin/log.ts';
import type { Relay, RelayMessage, RelayReply } from '../../src/plugin/relay.ts';
import type { NatsLink } from './nats-connect.ts';
import { FAILED, isNobody, oneLine } from './nats-control.ts';
import { parseRelayMessage, parseRelayReply } from './nats-relay-wire.ts';
import { hear } from './nats-subscribe.ts';

export const CAPTURE_SUBJECT = 'rsfga.control.capture';
const NOT_HOLDER = 'Rsfga-Not-Holder';
/** Protocol words beside the payload. */
const FRAME_BYTES = 1_024;

type Receive = (message: RelayMessage) => Promise<RelayReply>;

export function createRelay(link: NatsLink, log: Log): Relay {
  async function reply(message: Msg, receive: Receive): Promise<void> {
    try {
      message.respond(JSON.stringify(await receive(parseRelayMessage(message.string()))));
    } catch (error) {
      const header = headers();
      if (error instanceof NotHolderError) header.set(NOT_HOLDER, '1');
      else log.warn({ error: String(error) }, 'what another sidecar handed over could not be published');
      header.set(FAILED, oneLine(error));
      message.respond('', { headers: header });
    }
  }

  function listen(receive: Receive, signal: AbortSignal): Promise<void> {
    const refused = ({ message }: Error) =>
      log.error({ error: message }, 'hand-overs of other sidecars cannot be taken');
    return hear(
      { link, subject: CAPTURE_SUBJECT, refused, message: (message) => void reply(message, receive) },
      signal,
    );
  }

  return {
    async send(message, timeoutMs) {
      const nc = link.connection();
      const text = fitting(message, (nc.info?.max_payload ?? 0) - FRAME_BYTES);
      const answer = await nc.request(CAPTURE_SUBJECT, text, { timeout: timeoutMs }).catch(asRelayError);
      if (answer.headers?.get(NOT_HOLDER)) throw new NotHolderError();
      const failure = answer.headers?.get(FAILED) ?? '';
      if (failure !== '') throw new Error(`the sidecar that publishes could not: ${failure}`);
      return parseRelayReply(answer.string());
    },
    serve(receive) {
      const stop = new AbortController();
      void listen(receive, AbortSignal.any([stop.signal, link.closed])).catch((error) =>
        log.error({ error: String(error) }, 'hand-overs of other sidecars are no longer taken'),
      );
      return () => stop.abort();
    },
  };
}

/** A holder that is gone leaves its question unanswered: another may answer the next. */
function asRelayError(error: unknown): never {
  if (isNobody(error)) throw new NotHolderError('no sidecar publishes at present');
  if (error instanceof TimeoutError) throw new NotHolderError('the sidecar that publishes does not answer');
  throw error;
}

/** What is too large travels as its keys alone, to be read again; if that is too large as well, a walk finds it. */
function fitting(message: RelayMessage, most: number): string {
  const text = JSON.stringify(message);
  if (message.relay !== 'write' || Buffer.byteLength(text) <= most) return text;
  const { deletes, writes } = message.delta;
  const delta = { deletes: deletes.map(keyOnly), writes: writes.map(keyOnly) };
  const keys = JSON.stringify({ ...message, delta, exclusive: false });
  if (Buffer.byteLength(keys) <= most) return keys;
  return JSON.stringify({ relay: 'walk', storeId: message.storeId } satisfies RelayMessage);
}

function keyOnly({ user, relation, object }: TupleKey | Tuple): TupleKey {
  return { user, relation, object };
}
