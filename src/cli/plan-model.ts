/** The model that `rsfga-edge plan` judges: a file in OpenFGA's DSL or its JSON, every mistake with its line. */
import { errors, transformer, validator } from '@openfga/syntax-transformer';
import { modelProblem } from '../../plugins/upstream/embedded/model-rules.ts';
import { ConfigError, type Problem } from '../config/problems.ts';
import { readFile } from '../config/read-file.ts';
import { readYaml } from '../config/yaml.ts';
import { compileModel } from '../engine/compile.ts';
import type { AuthorizationModel } from '../fga/model.ts';

/** A file of a model has none before it is written to a store. */
const NO_ID = '00000000000000000000000000';

/** Throws a ConfigError that lists what is wrong. */
export function loadModel(file: string): AuthorizationModel {
  const text = readFile(file);
  const json = /^\s*\{/.test(text);
  const model = json ? fromJson(file, text) : fromDsl(file, text);
  const problem = modelProblem(model);
  if (problem !== undefined) throw new ConfigError(file, [{ path: '', message: problem }]);
  if (compileModel(model)) return model;
  throw new ConfigError(file, [
    { path: '', message: 'this version does not know how to judge such a model' },
  ]);
}

function fromDsl(file: string, text: string): AuthorizationModel {
  return judged(file, dslProblem, () => {
    validator.validateDSL(text);
    return identified(transformer.transformDSLToJSONObject(text));
  });
}

/** The model itself, or the answer of ReadAuthorizationModel, which wraps it. */
function fromJson(file: string, text: string): AuthorizationModel {
  const whole = parsed(file, text);
  const path = 'authorization_model' in whole ? ['authorization_model'] : [];
  const model = path.length > 0 ? whole.authorization_model : whole;
  if (!isModel(model))
    throw new ConfigError(file, [
      {
        path: '',
        line: 1,
        message: 'is no authorization model',
        allowed: 'an object with schema_version and type_definitions',
      },
    ]);
  // Every JSON document is a YAML one, and the YAML reader keeps the place of each value.
  const yaml = readYaml(text, {});
  const place = ({ type, relation }: Where) => {
    const at = model.type_definitions.findIndex((one) => one.type === type);
    const step = [...path, 'type_definitions', ...(at < 0 ? [] : [at])];
    return relation === undefined || at < 0
      ? yaml.place(step)
      : yaml.keyPlace([...step, 'relations', relation]);
  };
  return judged(
    file,
    (error) => ({ path: pathOf(error.metadata), ...place(error.metadata ?? {}), message: error.msg }),
    () => {
      validator.validateJSON(model as Parameters<typeof validator.validateJSON>[0]);
      return identified(model);
    },
  );
}

function parsed(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
    const place =
      line === undefined ? { line: text.split('\n').length } : { line: Number(line), column: Number(column) };
    throw new ConfigError(file, [{ path: '', ...place, message: `this is not JSON: ${message}` }], { cause });
  }
}

interface Where {
  readonly type?: string;
  readonly relation?: string;
}

/** As the transformer reports it; lines and columns count from 0. */
interface Reported {
  readonly msg: string;
  readonly line?: { readonly start: number } | undefined;
  readonly column?: { readonly start: number } | undefined;
  readonly metadata?: (Where & { readonly symbol?: string }) | undefined;
}

function judged(
  file: string,
  problemOf: (error: Reported) => Problem,
  read: () => AuthorizationModel,
): AuthorizationModel {
  try {
    return read();
  } catch (cause) {
    const found = cause instanceof errors.BaseMultiError ? (cause.errors as readonly Reported[]) : undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(file, found?.map(problemOf) ?? [{ path: '', message }], { cause });
  }
}

/** The place says it all: which type the transformer names is now the one that is wrong, now the one that it stands in. */
function dslProblem({ msg, line, column }: Reported): Problem {
  const place = line === undefined ? {} : { line: line.start + 1, column: (column?.start ?? 0) + 1 };
  return { path: '', ...place, message: msg };
}

function pathOf(where: Where | undefined): string {
  if (where?.type === undefined) return '';
  return where.relation === undefined ? where.type : `${where.type}#${where.relation}`;
}

/** The transformer's JSON is the API's own; its declared type only knows other names for it. */
function identified(json: object): AuthorizationModel {
  return { ...json, id: NO_ID } as unknown as AuthorizationModel;
}

function isModel(value: unknown): value is AuthorizationModel {
  if (typeof value !== 'object' || value === null) return false;
  const { schema_version: version, type_definitions: types } = value as Record<string, unknown>;
  const isType = (one: unknown) =>
    typeof one === 'object' && one !== null && 'type' in one && typeof one.type === 'string';
  return typeof version === 'string' && Array.isArray(types) && types.every(isType);
}
