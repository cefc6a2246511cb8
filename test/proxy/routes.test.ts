import { describe, expect, test } from 'vitest';
import { ROUTES, routeOf } from '../../src/proxy/routes.ts';
import { STORE } from './street-setup.ts';

const at = (path: string) => path.replace('{store_id}', STORE).replace('{id}', STORE);

describe('the table of routes', () => {
  test.each(ROUTES)('%s %s goes where its row says', (method, path, row) => {
    const route = routeOf(method, at(path));
    expect(route).toEqual(row.kind === 'forward' ? row : { ...row, storeId: STORE });
  });

  test('knows every route of the contract once', () => {
    const names = ROUTES.map(([method, path]) => `${method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(26);
  });

  test.each(ROUTES.filter(([, , row]) => row.kind === 'query'))(
    '%s %s is a query in every spelling that upstream takes for it, and in no other',
    (_, path, row) => {
      const plain = at(path);
      for (const target of spellings(plain))
        expect([target, routeOf('POST', target)]).toEqual([target, { ...row, storeId: STORE }]);
      const odd = [
        `${plain}/`,
        `${plain}#x`,
        `/${plain}`,
        plain.replace('/stores/', '/stores//'),
        plain.replace('/stores/', '/stores/../stores/'),
        plain.replace('/stores/', '/Stores/'),
        plain.replace('stores', '%2573tores'),
        `${plain}%ff`,
        plain.replace(STORE, STORE.toLowerCase()),
        plain.replace(STORE, `${STORE.slice(0, -1)}U`),
        plain.replace(STORE, `${STORE}0`),
        plain.replace(STORE, 'x'),
        `ftp://other${plain}`,
      ];
      for (const target of odd) expect([target, routeOf('POST', target).kind]).toEqual([target, 'forward']);
      for (const method of ['GET', 'PUT', 'OPTIONS', 'post']) {
        expect(routeOf(method, plain).kind).toBe('forward');
      }
    },
  );

  test.each(['write', 'authorization-models'])('no spelling hides a %s: upstream commits it', (action) => {
    for (const target of spellings(`/stores/${STORE}/${action}`)) {
      expect(routeOf('POST', target)).toMatchObject({ storeId: STORE });
      expect(routeOf('POST', target).kind).toMatch(/^write/);
    }
  });

  test('nor another change: a replica could not take it', () => {
    for (const target of spellings(`/stores/${STORE}`))
      expect(routeOf('DELETE', target)).toEqual({ kind: 'forward', primary: true });
  });

  test.each([
    '',
    '*',
    '/',
    '/stores/',
    `/stores/${STORE}/`,
    '/nope',
    `/stores/${STORE}/check/extra`,
    '\u00ff',
  ])('POST %j is forwarded', (target) => {
    expect(routeOf('POST', target)).toEqual({ kind: 'forward', primary: false });
  });
});

/** All of them the same to upstream (tried on v1.18.1). */
function spellings(plain: string): string[] {
  return [
    `${plain}?`,
    `${plain}?consistency=HIGHER_CONSISTENCY`,
    plain.replace('stores', '%73tores'),
    plain.replace(/(.)$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
    plain.replace(`/${STORE}`, `%2f${STORE}`),
    `http://other${plain}`,
    `https://other:1${plain}?x`,
  ];
}
