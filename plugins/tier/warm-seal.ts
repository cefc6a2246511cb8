/**
 * Answers outside this process are sealed with a key that never leaves it: whoever can write where they lie can make them
 * vanish, and bring back one that was sealed here for the same question, but not make one up or move it to another question.
 * Nobody else ever needs to open one, as the session in a key is this process's own.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Seal {
  close(key: string, value: unknown): string;
  /** Undefined when it was not sealed here under this key. */
  open(key: string, text: unknown): unknown;
}

const KEY_BYTES = 32;
/** Of an HMAC-SHA256 in base64url. */
const MARK_LENGTH = 43;

export function createSeal(): Seal {
  const secret = randomBytes(KEY_BYTES);
  const markOf = (key: string, text: string) =>
    createHmac('sha256', secret).update(`${key}\n${text}`).digest('base64url');

  return {
    close(key, value) {
      const text = JSON.stringify(value, packed);
      return markOf(key, text) + text;
    },
    open(key, sealed) {
      if (typeof sealed !== 'string' || sealed.length <= MARK_LENGTH) return undefined;
      const [mark, text] = [sealed.slice(0, MARK_LENGTH), sealed.slice(MARK_LENGTH)];
      const [given, own] = [Buffer.from(mark), Buffer.from(markOf(key, text))];
      // A mark of other than plain characters is longer in bytes.
      if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
      return JSON.parse(text, unpacked);
    },
  };
}

/** A batch's answer is a Map. */
function packed(_key: string, value: unknown): unknown {
  return value instanceof Map ? { $map: [...value] } : value;
}

function unpacked(_key: string, value: unknown): unknown {
  const isPacked = typeof value === 'object' && value !== null && '$map' in value;
  return isPacked ? new Map(value.$map as [string, unknown][]) : value;
}
