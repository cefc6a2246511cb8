/**
 * An edge's name on NATS. Who goes by an edge id answers on `rsfga.control.claim.{edge_id}`: a process that starts asks
 * there and gives way to whoever answers. Nothing is stored, so a process that crashed holds nothing and its successor is
 * free at once. Two that start together, or that could not see each other for a while: the older one stays.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import type { Clock } from '../../src/plugin/clock.ts';
import type { EdgeChannel, EdgeHolder } from '../../src/plugin/edge-channel.ts';
import type { Log } from '../../src/plugin/log.ts';
import type { NatsLink } from './nats-connect.ts';
import { hear } from './nats-subscribe.ts';

export interface NatsEdgeOptions {
  readonly edgeId: string;
  readonly nodeId: string;
}

/** Long enough for an answer from the other side of the world. */
const ANSWERS_MS = 400;
/** After a partition two may hold it; found out this late at most. */
const AGAIN_MS = 15_000;
/** A sidecar names at most 10 000 stores of 26 characters. */
const MAX_SYNC_BYTES = 524_288;

type Word = EdgeHolder & { readonly held: boolean };

export function createEdgeChannel(
  link: NatsLink,
  { edgeId, nodeId }: NatsEdgeOptions,
  clock: Clock,
  log: Log,
): EdgeChannel {
  const claims = `rsfga.control.claim.${edgeId}`;
  const me = { nodeId, session: ulid(clock.wallMs()) };
  let held = false;

  function serve(subject: string, answer: (message: Msg) => void, signal: AbortSignal): void {
    const refused = ({ message }: Error) =>
      log.warn({ subject, error: message }, 'a control subject cannot be served');
    void hear({ link, subject, message: answer, refused }, signal).catch((error: unknown) =>
      log.error({ subject, error: String(error) }, 'a control subject is no longer served'),
    );
  }

  /** Somebody else who comes first; undefined when there is none, or nobody can be asked. */
  async function rival(nc: NatsConnection): Promise<EdgeHolder | undefined> {
    const words: Word[] = [];
    try {
      const options = { strategy: 'timer', maxWait: ANSWERS_MS } as const;
      for await (const message of await nc.requestMany(claims, JSON.stringify({ ...me, held }), options))
        words.push(...parseWord(message));
    } catch (error) {
      log.warn({ edge: edgeId, error: String(error) }, 'it cannot be told whether the edge id is taken');
    }
    return words.filter(({ session }) => session !== me.session).find((word) => comesFirst(word, me, held));
  }

  return {
    async hold(signal, told) {
      const ends = AbortSignal.any([signal, link.closed]);
      serve(claims, (message) => message.respond(JSON.stringify({ ...me, held })), ends);
      for (let nc = await link.up(ends); nc && !ends.aborted; nc = await link.up(ends)) {
        // Twice before it is held: who asked before we listened may have taken it while we asked for the first time.
        const other = (await rival(nc)) ?? (held ? undefined : await rival(nc));
        if (other) return other;
        if (!held && !ends.aborted) {
          held = true;
          told();
        }
        await clock.sleep(AGAIN_MS, ends);
      }
      return undefined;
    },
    serveSync(resync) {
      const stop = new AbortController();
      const answer = (message: Msg) => {
        const asked = parseStores(message);
        if ('error' in asked) message.respond(JSON.stringify(asked));
        else message.respond(JSON.stringify({ stores: resync(asked.stores) }));
      };
      serve(`rsfga.control.sync.${edgeId}`, answer, AbortSignal.any([stop.signal, link.closed]));
      return () => stop.abort();
    },
  };
}

/** Who holds it comes before who asks for it; of two alike, the older. */
function comesFirst(word: Word, me: EdgeHolder, held: boolean): boolean {
  return word.held === held ? word.session < me.session : word.held;
}

/** Any client that may use the subject can answer: what is no word of a sidecar is passed over. */
function parseWord(message: Msg): readonly Word[] {
  try {
    const { nodeId, session, held } = message.json<Partial<Word>>();
    const sound = typeof nodeId === 'string' && nodeId.length <= 128 && typeof session === 'string';
    return sound && typeof held === 'boolean' ? [{ nodeId, session, held }] : [];
  } catch {
    return [];
  }
}

const HINT = 'send {"stores": ["…"]}, or nothing for all stores';

/** Nothing, or `{"stores": […]}`. */
function parseStores(
  message: Msg,
): { readonly stores: readonly string[] | undefined } | { readonly error: string } {
  if (message.data.length === 0) return { stores: undefined };
  try {
    if (message.data.length > MAX_SYNC_BYTES) return { error: `too long; ${HINT}` };
    const body: unknown = message.json();
    const stores = typeof body === 'object' && body !== null && 'stores' in body ? body.stores : undefined;
    if (stores === undefined) return { stores: undefined };
    if (Array.isArray(stores) && stores.every((id): id is string => typeof id === 'string'))
      return { stores };
    return { error: `"stores" is no list of store ids; ${HINT}` };
  } catch {
    return { error: `not JSON; ${HINT}` };
  }
}
