// Token Status Lists, written from docs/code-format.md ("Token Status List") alone. Node 18 or newer.

import { inflateSync } from 'node:zlib';

import { decodeOrNothing, fits, isBelow, isOneOf, isSignedBy, openSigned } from './signed.mjs';

const CWT = 'application/statuslist+cwt';
const LARGEST_TOKEN = 2 << 20; // bytes
const LARGEST_ARRAY = 4194304; // bytes
const OLDEST = 86400; // seconds: our own bound
const SKEW = 60; // seconds

const isText = (value) => typeof value === 'string';
const isPositive = (value) => isBelow(253402272000)(value) && value > 0;
const isBytes = (value) => value instanceof Uint8Array;
const LIST = new Map(Object.entries({ bits: isOneOf(2), lst: isBytes }));
const LIST_OPTIONAL = new Map([['aggregation_uri', isText]]);
const isList = (value) => fits(value, LIST, LIST_OPTIONAL);
const CLAIMS = new Map([[2, isText], [4, isPositive], [6, isPositive], [65533, isList], [65534, isPositive]]);
const LABELS = { sub: 2, exp: 4, iat: 6, status_list: 65533, ttl: 65534 };

/** The address of a list: the name that its token must have. */
export function addressOf(trust, number) {
  const uri = trust.statusLists;
  return uri.includes('{list}') ? uri.replace('{list}', number) : uri + number;
}

/**
 * What a list says of an index: 0 valid, 1 void, 2 suspended; undefined where it says nothing that may be relied on.
 * @param {Uint8Array} token a CWT, or a JWT in compact form
 * @param {{trust: object, list: number, index: number, now: number, fetched: number}} asked seconds
 */
export async function statusOf(token, { trust, list, index, now, fetched }) {
  if (token.length > LARGEST_TOKEN) return undefined;
  const isJwt = Buffer.from(token.subarray(0, 3)).toString('latin1') === 'eyJ';
  const claims = await (isJwt ? openJwt(token, trust) : openCwt(token, trust));
  if (!fits(claims, CLAIMS) || claims.get(2) !== addressOf(trust, list)) return undefined;
  const [expires, issued] = [claims.get(4), claims.get(6)];
  const isCurrent = now < expires && now - issued <= OLDEST && now <= fetched + claims.get(65534);
  if (!isCurrent || issued - now > SKEW) return undefined;
  const array = inflate(claims.get(65533).get('lst'));
  const byte = array?.[index >> 2];
  const status = byte === undefined ? undefined : (byte >> (2 * (index & 3))) & 3;
  return status === 3 ? undefined : status;
}

const statusKeys = ({ keys }) => (
  [...keys].filter(([, key]) => key.purpose === 'status' && key.state !== 'compromised')
);

async function openCwt(token, trust) {
  for (const [kid, { key }] of statusKeys(trust)) {
    const payload = await openSigned(token, { kid, key }, CWT);
    if (payload) return decodeOrNothing(payload);
  }
  return undefined;
}

async function openJwt(token, trust) {
  const [header, content, signature, ...more] = Buffer.from(token).toString('latin1').split('.');
  if (signature === undefined || more.length) return undefined;
  for (const [kid, { key }] of statusKeys(trust)) {
    const expected = JSON.stringify({ alg: 'ES256', kid, typ: 'statuslist+jwt' });
    const isByIt = header === Buffer.from(expected).toString('base64url');
    const signed = Buffer.from(`${header}.${content}`, 'latin1');
    if (isByIt && await isSignedBy(key, Buffer.from(signature, 'base64url'), signed)) return claimsOf(content);
  }
  return undefined;
}

/** The claims of a JWT under the labels of a CWT. JSON.parse takes the last of two members of one name. */
function claimsOf(content) {
  const text = Buffer.from(content, 'base64url').toString();
  const claims = JSON.parse(text);
  if (JSON.stringify(claims) !== text) return undefined; // twice the same name, or spaces
  const { lst, ...list } = claims.status_list ?? {};
  claims.status_list = new Map(Object.entries({ ...list, lst: isText(lst) && Buffer.from(lst, 'base64url') }));
  return new Map(Object.entries(claims).map(([name, value]) => [LABELS[name] ?? name, value]));
}

/** Expands zlib data that ends where the bytes do, and not beyond what a list can hold. */
function inflate(lst) {
  try {
    const { buffer, engine } = inflateSync(lst, { maxOutputLength: LARGEST_ARRAY, info: true });
    return engine.bytesWritten === lst.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
