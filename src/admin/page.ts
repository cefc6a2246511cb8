/** The status page as one HTML text: nothing is fetched but `/status`, and the headers allow nothing else. */
import { createHash } from 'node:crypto';
import { pageCurves } from './page-curves.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';

const script = pageScript.replace('__CURVES__', () => pageCurves);

export const statusPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>RSFGA Edge</title>
<style>${pageStyle}</style>
</head>
<body>
<header></header>
<main><noscript>This page draws /status with JavaScript. The same is at <a href="status">/status</a>.</noscript></main>
<footer><a href="status">/status</a><a href="metrics">/metrics</a><a href="healthz">/healthz</a><a href="readyz?synced">/readyz?synced</a></footer>
<details><summary>The configuration as it runs, secrets masked</summary><pre></pre></details>
<script>${script}</script>
</body>
</html>
`;

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    `default-src 'none'; script-src '${hash(script)}'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const;

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
