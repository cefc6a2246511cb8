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
    '%s %s is a query only in its plain spelling',
    (_, path, row) => {
      const plain = at(path);
      const odd = [
        `${plain}/`,
        `${plain}#x`,
        `/${plain}`,
        plain.replace('/stores/', '/stores//'),
        plain.replace('/stores/', '/stores/../stores/'),
        plain.replace('/stores/', '/Stores/'),
        plain.replace('stores', '%73tores'),
        plain.replace(/(.)$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
        plain.replace(STORE, STORE.toLowerCase()),
        plain.replace(STORE, `${STORE.slice(0, -1)}U`),
        plain.replace(STORE, `${STORE}0`),
        plain.replace(STORE, 'x'),
        `http://other${plain}`,
      ];
      // Upstream ignores a query string, and it is counted and forwarded as the query that it is.
      for (const target of [`${plain}?`, `${plain}?consistency=HIGHER_CONSISTENCY`])
        expect(routeOf('POST', target)).toEqual({ ...row, storeId: STORE });
      for (const target of odd) expect([target, routeOf('POST', target).kind]).toEqual([target, 'forward']);
      for (const method of ['GET', 'PUT', 'OPTIONS', 'post']) {
        expect(routeOf(method, plain).kind).toBe('forward');
      }
    },
  );

  test.each(['write', 'authorization-models'])(
    'a query string does not hide a %s: upstream ignores it',
    (action) => {
      expect(routeOf('POST', `/stores/${STORE}/${action}?x=y`)).toMatchObject({ storeId: STORE });
      expect(routeOf('POST', `/stores/${STORE}/${action}?x=y`).kind).toMatch(/^write/);
    },
  );

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
