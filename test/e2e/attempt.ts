/** One thing that a login tries, and how it is refused. */
import type { NatsConnection } from '@nats-io/transport-node';

export type Who = 'tokyo' | 'london' | 'monitor' | 'ops';

export interface Stores {
  /** Of the edge in Tokyo, and of the one in London. */
  readonly a: string;
  readonly b: string;
}

export interface Attempt {
  readonly who: Who;
  /** In words, for the docs. */
  readonly tried: string;
  readonly by: 'publish' | 'subscribe' | 'ask';
  subjects(stores: Stores): readonly string[];
  readonly payload?: (stores: Stores) => string;
}

/** In the docs' words. `ask`: NATS lets the question through, and the centre answers with a refusal. */
export const HOW: Readonly<Record<Attempt['by'], string>> = {
  publish: 'NATS refuses the publish',
  subscribe: 'NATS refuses the subscription',
  ask: 'the centre answers with a refusal',
};

/** The same subjects whatever the stores are. */
export const fixed = (...subjects: string[]) => ({ subjects: () => subjects });

/** Long enough for a server that would answer. */
export const ANSWER_MS = 1_000;

/** `refused`, or what came instead. */
export async function outcome(
  connection: NatsConnection,
  { by }: Attempt,
  subject: string,
  payload = '{}',
): Promise<string> {
  if (by === 'subscribe') return subscribed(connection, subject);
  try {
    const reply = await connection.request(subject, payload, { timeout: ANSWER_MS });
    const { error } = reply.json<{ error?: string }>();
    return by === 'ask' && typeof error === 'string' ? 'refused' : `answered: ${reply.string()}`;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return by === 'publish' && /permissions violation/i.test(text) ? 'refused' : text;
  }
}

async function subscribed(connection: NatsConnection, subject: string): Promise<string> {
  const refused = new Promise<string>((resolve) => {
    connection.subscribe(subject, { callback: (error) => resolve(error ? 'refused' : 'heard something') });
  });
  await connection.flush();
  return Promise.race([refused, connection.flush().then(() => 'subscribed')]);
}
