/** The static type that fits both, as cel-go's checker joins them: what a call costs hangs on it. */
import { DYN } from './node.ts';
import type { CelType } from './values.ts';

export function joined(a: CelType, b: CelType): CelType {
  if (a.kind === 'none') return b;
  if (b.kind === 'none') return a;
  if (a.kind === 'list' && b.kind === 'list') {
    const element = joined(a.element, b.element);
    return fits(element, a.element, b.element) ? { kind: 'list', element } : DYN;
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const key = joined(a.key, b.key);
    const value = joined(a.value, b.value);
    const both = fits(key, a.key, b.key) && fits(value, a.value, b.value);
    return both ? { kind: 'map', key, value } : DYN;
  }
  return a.kind === b.kind ? a : DYN;
}

/** A list of strings and one of integers have nothing in common; a list of strings is one of anything. */
function fits(type: CelType, a: CelType, b: CelType): boolean {
  return type.kind !== 'dyn' || a.kind === 'dyn' || b.kind === 'dyn';
}
