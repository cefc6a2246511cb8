/** The configuration as it runs, for the status and the log: secrets masked. */
import type { Outside } from '../plugin/choice.ts';
import type { Config, TierConfig } from './config.ts';
import { withoutCredentials } from './problems.ts';
import { EVERY_OPTION } from './tier-options.ts';

export const MASK = '***';

/** Members of `Config` that hold secrets. A test compares them with the fields that are declared secret. */
const SECRETS: ReadonlySet<string> = new Set(['apiToken', 'token', 'password', 'storeUrl', 'secret']);

/** Plain JSON of the same shape as `Config`. */
export function describeConfig(config: Config): Record<string, unknown> {
  return masked(config) as Record<string, unknown>;
}

/** The secret values themselves, for the logger to mask. */
export function secretsOf(config: Config): readonly string[] {
  return secretValues(config);
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return withoutCredentials(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  if (isOutside(value)) return maskedTier(value);
  const entries = Object.entries(value).map(([key, inner]) => [key, SECRETS.has(key) ? MASK : masked(inner)]);
  return Object.fromEntries(entries);
}

/** A tier as the YAML calls it. */
export function tierName(tier: TierConfig): string {
  return tier.kind === 'plugin' ? tier.name : tier.kind;
}

/** A tier from outside says itself which of its options are secret. */
function isOutside(value: object): value is Outside {
  return 'kind' in value && value.kind === 'plugin';
}

function maskedTier({ kind, name, options, secrets }: Outside): object {
  const entries = Object.entries(options).map(([option, value]) => [
    option,
    isSecretOption(secrets, option) ? MASK : masked(value),
  ]);
  return { kind, name, options: Object.fromEntries(entries) };
}

function isSecretOption(secrets: readonly string[], option: string): boolean {
  return secrets.includes(option) || secrets.includes(EVERY_OPTION);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function secretValues(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isOutside(value)) {
    const named = Object.entries(value.options).filter(([option]) => value.secrets.includes(option));
    return named.flatMap(([, inner]) => textsIn(inner));
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    return SECRETS.has(key) && typeof inner === 'string'
      ? [inner, ...passwordsIn(inner)]
      : secretValues(inner);
  });
}

/** Of a URL that is a secret as a whole: an error may quote its password alone, written either way. */
function passwordsIn(text: string): string[] {
  const written = URL.canParse(text) ? new URL(text).password : '';
  if (written === '') return [];
  try {
    return [...new Set([written, decodeURIComponent(written)])];
  } catch {
    return [written];
  }
}
