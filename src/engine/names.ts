/**
 * Well-formedness of objects, relations and users, as upstream's `pkg/tuple` judges it.
 * Scanners instead of patterns: the rules count what lies between the marks, and they run on the hot path.
 */

export interface UserParts {
  readonly type: string;
  readonly id: string;
  /** `''` unless the user is a userset. */
  readonly relation: string;
}

/** `type:id`: one colon that is not first, something after it, no `#`, space or control character. */
export function isObject(text: string): boolean {
  let colon = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isControl(code) || code === HASH || code === SPACE) return false;
    if (code !== COLON) continue;
    if (colon >= 0 || i === 0) return false;
    colon = i;
  }
  return colon >= 0 && colon < text.length - 1;
}

export function isRelation(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isControl(code) || code === HASH || code === COLON || code === AT || code === SPACE) return false;
  }
  return text.length > 0;
}

/** `type:id#relation`. A `*` after the colon makes it malformed, wherever it stands: that is upstream's rule. */
export function isUserset(text: string): boolean {
  let colon = -1;
  let hash = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isControl(code) || code === SPACE) return false;
    if (code === COLON) {
      if (colon >= 0 || hash >= 0 || i === 0) return false;
      colon = i;
    } else if (code === HASH) {
      if (hash >= 0 || colon < 0 || i === colon + 1) return false;
      hash = i;
    } else if (code === STAR && colon >= 0) return false;
  }
  return hash >= 0 && hash < text.length - 1;
}

export function isUser(text: string): boolean {
  return text === '*' || isUserId(text) || isObject(text) || isUserset(text);
}

/** `type:*`. */
export function isTypedWildcard(text: string): boolean {
  const colon = text.indexOf(':');
  return colon > 0 && colon === text.length - 2 && text.charCodeAt(colon + 1) === STAR;
}

/** Splits at the first `:` and the last `#`; a trailing `#` is dropped, as upstream does. */
export function userParts(user: string): UserParts {
  const hash = user.lastIndexOf('#');
  const object = hash < 0 ? user : user.slice(0, hash);
  const colon = object.indexOf(':');
  return {
    type: colon < 0 ? '' : object.slice(0, colon),
    id: colon < 0 ? object : object.slice(colon + 1),
    relation: hash < 0 ? '' : user.slice(hash + 1),
  };
}

/** Go's `unicode.IsControl` anywhere in the text. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (isControl(text.charCodeAt(i))) return true;
  return false;
}

const SPACE = 0x20;
const HASH = 0x23;
const STAR = 0x2a;
const COLON = 0x3a;
const AT = 0x40;

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

function isUserId(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isControl(code) || code === HASH || code === COLON || code === SPACE) return false;
  }
  return text.length > 0;
}
