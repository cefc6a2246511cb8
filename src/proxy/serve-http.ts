/** A query that came over HTTP: its JSON body, and how its answer is sent. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FgaError } from '../fga/error.ts';
import type { QueryMethod } from '../fga/query.ts';
import type { UpstreamSaid } from '../plugin/tier.ts';
import type { WholeAnswer } from '../upstream/forward-call.ts';
import { type Admission, admit } from './admit.ts';
import { FORWARDED, forwardedHeaders, sendAnswer, sendError, sendObjects, sendOwnError } from './answer.ts';
import { bytesOf, type ReadBody } from './body.ts';
import type { FinalDecision, LocalView } from './decision.ts';
import type { Forwarding, QueryCall, Understood } from './query-call.ts';
import { isPlain } from './routes.ts';
import type { Street } from './street.ts';

export interface HttpQuery {
  readonly street: Street;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly storeId: string;
  readonly method: QueryMethod;
  readonly body: ReadBody;
  readonly startedAt: number;
}

const DENIED_HERE: LocalView = { servedBy: 'local' };

export class HttpQueryCall implements QueryCall {
  readonly street: Street;
  readonly storeId: string;
  readonly method: QueryMethod;
  readonly startedAt: number;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #body: ReadBody;

  constructor(query: HttpQuery) {
    this.street = query.street;
    this.storeId = query.storeId;
    this.method = query.method;
    this.startedAt = query.startedAt;
    this.#req = query.req;
    this.#res = query.res;
    this.#body = query.body;
  }

  /** An odd target is the upstream's to read. */
  admit(): Admission {
    const admission = admit(this.#req.headers);
    return isPlain(this.#req.url ?? '') ? admission : { ...admission, declined: 'request' };
  }

  understand(): Understood {
    const body = this.#body;
    if ('streamed' in body) return { declined: 'request' };
    return this.street.wire.parseQuery(this.method, this.storeId, body.whole);
  }

  respond(decision: FinalDecision): void {
    const { method, storeId } = this;
    const res = this.#res;
    const view = 'denied' in decision ? DENIED_HERE : decision;
    const head = { storeId, origin: this.#req.headers.origin, view };
    if (!('answer' in decision)) {
      sendError(res, head, { method, error: 'denied' in decision ? decision.denied : decision.error });
    } else if (decision.answer.method === 'StreamedListObjects') {
      sendObjects(res, head, decision.answer.objects);
    } else {
      sendAnswer(res, head, this.street.wire.renderAnswer(decision.answer));
    }
  }

  unavailable(error: FgaError): void {
    sendOwnError(this.#res, error);
  }

  forward({
    declined,
    primary,
    replaceable,
    answerTimeoutMs,
    sawModel,
    heard,
    done,
    failed,
  }: Forwarding): void {
    (primary ? this.street.primary : this.street.upstream).relay({
      req: this.#req,
      res: this.#res,
      body: bytesOf(this.#body),
      added: declined === undefined ? FORWARDED : forwardedHeaders(declined),
      replaceable,
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
      head: ({ modelId }) => modelId !== undefined && sawModel(modelId),
      ...(heard && { ended: (whole) => heard(this.#said(whole)) }),
      done,
      failed,
    });
  }

  #said(whole: WholeAnswer | undefined): UpstreamSaid | undefined {
    if (whole?.head.status !== 200) return undefined;
    const answer = this.street.wire.readAnswer(this.method, whole.body);
    return answer && { answer, modelId: whole.head.modelId };
  }

  begun(): boolean {
    return this.#res.headersSent;
  }

  onEnd(ended: () => void): void {
    if (this.#res.closed) ended();
    else this.#res.once('close', ended);
  }

  cut(): void {
    this.#res.destroy();
  }
}
