import type { Fields } from './fields.ts';

/** A field that is wrong in itself, and reported as such, is undefined here. */
export type SoundFields = { readonly [Key in keyof Fields]?: Fields[Key] | undefined };
