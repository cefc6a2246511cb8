/**
 * The whole corpus, byte for byte, at a real OpenFGA and at an edge that answers in its place. Each answer is the same, or
 * the edge refuses and ends the connection; nothing is answered here that is refused there.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANNE, answersLocally, type Guarded, guarded } from '../auth/setup.ts';
import { serversAvailable } from '../support/servers.ts';
import { type Attack, CORPUS } from './corpus.ts';
import { filled } from './fill.ts';
import { type Answer, type Heard, send } from './raw.ts';

const GOOD = JSON.stringify({ tuple_key: ANNE });
const KEY = 'first-key';
const BEARER = `Authorization: Bearer ${KEY}\r\n`;
const sections = Object.keys(CORPUS) as (keyof typeof CORPUS)[];

describe.skipIf(!serversAvailable())('an edge that asks nobody', () => {
  let both: Guarded;
  beforeAll(async () => {
    both = await guarded([], '', {});
    await answersLocally(both, undefined);
  });
  afterAll(() => both?.stop());

  it.each(sections)('odd %s: answered as upstream answers, or refused', async (section) => {
    expect(await failures(both, CORPUS[section], '')).toEqual([]);
  });
});

describe.skipIf(!serversAvailable())('an edge with preshared keys', () => {
  let both: Guarded;
  beforeAll(async () => {
    const args = ['--authn-method=preshared', `--authn-preshared-keys=${KEY}`];
    both = await guarded(args, KEY, { auth: { method: 'preshared', keys: [KEY] } });
    await answersLocally(both, `Bearer ${KEY}`);
  });
  afterAll(() => both?.stop());

  it.each(sections)('odd %s of a known caller: answered as upstream answers, or refused', async (section) => {
    expect(await failures(both, CORPUS[section], BEARER)).toEqual([]);
  });

  it.each(sections)('odd %s of a stranger: nobody gets in', async (section) => {
    for (const attack of CORPUS[section]) {
      const { through } = await tried(both, attack, '');
      const yes = through.answers.filter(({ body }) => /"(allowed|stores|id)"/.test(body));
      expect(yes, attack.name).toEqual([]);
    }
    expect(await failures(both, CORPUS[section], '')).toEqual([]);
  });
});

async function tried({ openfga, edge, storeId }: Guarded, attack: Attack, line: string) {
  const bytes = filled(attack, { storeId, good: GOOD, line });
  const options = attack.cut ? { hangUp: true } : {};
  const [direct, through] = await Promise.all(
    [openfga.http, edge.http].map((base) => send(Number(new URL(base).port), bytes, options)),
  );
  return { direct: direct as Heard, through: through as Heard };
}

/** Each with what was heard instead. */
async function failures(both: Guarded, attacks: readonly Attack[], line: string): Promise<string[]> {
  const failed: string[] = [];
  for (const attack of attacks) {
    const { direct, through } = await tried(both, attack, line);
    const reading = attack.harmless === undefined ? direct : await plain(both, line);
    const ok = attack.varies === undefined ? holds(reading, through) : isUpstreams(through);
    if (!ok) failed.push(`${attack.name}: ${shown(direct)} but here ${shown(through)}`);
  }
  return failed;
}

/** What upstream says to the same request without the spelling. */
async function plain(both: Guarded, line: string): Promise<Heard> {
  const [ordinary] = CORPUS.framing;
  if (ordinary === undefined) throw new Error('the corpus begins with a request that is in order');
  return (await tried(both, ordinary, line)).direct;
}

function holds(direct: Heard, through: Heard): boolean {
  if (through.rest !== '' || !through.ended) return false;
  const differs = through.answers.findIndex((answer, at) => !isSame(answer, direct.answers[at]));
  if (differs < 0) return through.answers.length === direct.answers.length;
  const other = through.answers[differs] as Answer;
  // Upstream ended its connection with a refusal that was passed on; ours stays open for the canary.
  if (differs === direct.answers.length && isCanary(other)) return differs === through.answers.length - 1;
  return isRefusal(other) && differs === through.answers.length - 1;
}

function isUpstreams({ answers }: Heard): boolean {
  return answers.length > 0 && answers.every(({ headers }) => headers['rsfga-served-by'] === 'upstream');
}

function isSame(one: Answer, other: Answer | undefined): boolean {
  return one.status === other?.status && meaning(one.body) === meaning(other.body);
}

function isRefusal({ status, headers }: Answer): boolean {
  return ((status >= 400 && status < 500) || status === 501) && headers.connection === 'close';
}

function isCanary({ status, body }: Answer): boolean {
  return status === 200 && meaning(body) === meaning('{"status":"SERVING"}');
}

/** Upstream puts blanks where it likes. */
function meaning(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

function shown({ answers, ended }: Heard): string {
  const words = answers.map(({ status, body }) => `${status} ${body.slice(0, 60).trim()}`);
  return `${words.join(' | ')}${ended ? '' : ' (open)'}`;
}
