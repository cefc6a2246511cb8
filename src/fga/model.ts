/**
 * An authorization model as the HTTP API writes it (contract sections 1.3 and 1.4).
 * The upstream's JSON is kept as it came: unknown fields survive, so a replica can hand it back unchanged.
 */

export interface AuthorizationModel {
  readonly id: string;
  readonly schema_version: string;
  readonly type_definitions: readonly TypeDefinition[];
  readonly conditions?: Readonly<Record<string, ConditionDefinition>>;
}

export interface TypeDefinition {
  readonly type: string;
  readonly relations?: Readonly<Record<string, Userset>>;
  readonly metadata?: {
    readonly relations?: Readonly<Record<string, RelationMetadata>>;
  } | null;
}

export interface RelationMetadata {
  readonly directly_related_user_types?: readonly RelationReference[];
}

/** One type restriction: `type`, `type#relation`, `type:*`, each perhaps `with condition`. */
export interface RelationReference {
  readonly type: string;
  readonly relation?: string;
  readonly wildcard?: object;
  readonly condition?: string;
}

export interface ObjectRelation {
  readonly object?: string;
  readonly relation?: string;
}

/** Exactly one member is set. */
export interface Userset {
  readonly this?: object;
  readonly computedUserset?: ObjectRelation;
  readonly tupleToUserset?: { readonly tupleset: ObjectRelation; readonly computedUserset: ObjectRelation };
  readonly union?: { readonly child: readonly Userset[] };
  readonly intersection?: { readonly child: readonly Userset[] };
  readonly difference?: { readonly base: Userset; readonly subtract: Userset };
}

export interface ConditionDefinition {
  readonly name: string;
  readonly expression: string;
  readonly parameters?: Readonly<Record<string, ConditionParameter>>;
}

export interface ConditionParameter {
  /** `TYPE_NAME_STRING`, `TYPE_NAME_MAP`, … */
  readonly type_name: string;
  readonly generic_types?: readonly ConditionParameter[];
}
