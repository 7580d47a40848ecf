// What is signed, written from docs/code-format.md alone: deterministic CBOR, COSE_Sign1, and the trust list and
// directory that a root signed. Node 18 or newer; nothing else.

import { webcrypto } from 'node:crypto';

const { subtle } = webcrypto;

const ES256 = -7;
const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
const SECONDS_END = 253402272000; // the year 10000
const LARGEST_LIST = 16 << 20; // bytes
const MOST_ISSUERS = 2048;
const MOST_KEYS = 8192;

/** A trust list or directory that must not be used. */
export class NotTrusted extends Error {}

class BadEncoding extends Error {}

// --- Bytes ---------------------------------------------------------------------------------------------------

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
const concat = (...parts) => new Uint8Array(Buffer.concat(parts));
export const sha256 = async (bytes) => new Uint8Array(await subtle.digest('SHA-256', bytes));
const integer = (bytes) => BigInt(`0x${hex(bytes)}`);

/** The head of a byte string (major type 2) in its shortest form. */
function byteStringHead(length) {
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 2 ** 8) return Uint8Array.of(0x58, length);
  if (length < 2 ** 16) return Uint8Array.of(0x59, length >> 8, length & 255);
  return Uint8Array.of(0x5a, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
}

/**
 * Decodes one item of deterministic CBOR (RFC 8949 4.2.1) that fills `bytes`, of the types that the format uses.
 * Maps become Map, whose keys are integers or text; integers become Number, or BigInt where that is not exact.
 */
function decode(bytes) {
  let at = 0;
  const take = (count) => {
    if (count > bytes.length - at) throw new BadEncoding('it ends too early');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const argument = (info) => {
    if (info < 24) return info;
    if (info > 27) throw new BadEncoding('indefinite or reserved length');
    const value = integer(take(1 << (info - 24)));
    if (value < [24n, 1n << 8n, 1n << 16n, 1n << 32n][info - 24]) throw new BadEncoding('longer than need be');
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  };
  const map = (size, depth) => {
    const entries = new Map();
    let last = null;
    for (let n = 0; n < size; n += 1) {
      const start = at;
      const key = item(depth);
      const encoded = bytes.subarray(start, at);
      if (!['number', 'string'].includes(typeof key)) throw new BadEncoding('a key is neither integer nor text');
      if (last && Buffer.compare(last, encoded) >= 0) throw new BadEncoding('keys twice or out of order');
      last = encoded;
      entries.set(key, item(depth));
    }
    return entries;
  };
  const item = (depth) => {
    if (depth === 0) throw new BadEncoding('too deep');
    const [first] = take(1);
    if (first === 0xf4 || first === 0xf5) return first === 0xf5;
    if (first >> 5 > 5) throw new BadEncoding('a tag, a float, or another type that the format does not use');
    const value = argument(first & 31);
    switch (first >> 5) {
      case 0: return value;
      case 1: return typeof value === 'bigint' ? -1n - value : -1 - value;
      case 2: return take(value);
      case 3: return text(take(value));
      case 4: {
        const items = [];
        for (let n = 0; n < value; n += 1) items.push(item(depth - 1));
        return items;
      }
      default: return map(value, depth - 1);
    }
  };
  const value = item(8);
  if (at !== bytes.length) throw new BadEncoding('bytes behind the end');
  return value;
}

function text(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadEncoding('not UTF-8');
  }
}

/** Like `decode`, but undefined where the bytes are no such item. */
export function decodeOrNothing(bytes) {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof BadEncoding) return undefined;
    throw error;
  }
}

// --- What a decoded item must be ------------------------------------------------------------------------------

export const isBytes = (length) => (value) => value instanceof Uint8Array && value.length === length;
export const isBelow = (end) => (value) => Number.isSafeInteger(value) && value >= 0 && value < end;
export const isOneOf = (...values) => (value) => values.includes(value);
const isMatch = (pattern) => (value) => typeof value === 'string' && pattern.test(value);
export const isSeconds = isBelow(SECONDS_END);
export const isIssuerCode = isMatch(/^[A-Za-z0-9]{1,18}$/);
export const isKind = isOneOf(0, 1, 2);

/** True if `value` is a map of exactly these members, each as its test demands. */
export function fits(value, required, optional = new Map()) {
  if (!(value instanceof Map)) return false;
  for (const key of required.keys()) if (!value.has(key)) return false;
  for (const [key, member] of value) {
    const test = required.get(key) ?? optional.get(key);
    if (!test || !test(member)) return false;
  }
  return true;
}

// --- COSE_Sign1 -----------------------------------------------------------------------------------------------

/** Takes a COSE_Sign1 apart: tag 18 and an array in deterministic CBOR; undefined if it is not that. */
export function cut(bytes) {
  const parts = bytes[0] === 0xd2 ? decodeOrNothing(bytes.subarray(1)) : undefined;
  if (!Array.isArray(parts) || parts.length !== 4) return undefined;
  const [header, unprotected, payload, signature] = parts;
  if (!(header instanceof Uint8Array && payload instanceof Uint8Array)) return undefined;
  return fits(unprotected, new Map()) && isBytes(64)(signature) ? { header, payload, signature } : undefined;
}

export async function signatureHolds({ header, payload, signature }, key) {
  return isSignedBy(key, signature, concat(
    Uint8Array.of(0x84, 0x6a), Buffer.from('Signature1'), byteStringHead(header.length), header,
    Uint8Array.of(0x40), byteStringHead(payload.length), payload,
  ));
}

/** True if the signature, r and s of 32 bytes each and s no larger than need be, is over these bytes. */
export async function isSignedBy(key, signature, signed) {
  if (signature.length !== 64 || integer(signature.subarray(32)) > HALF_ORDER) return false;
  return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, signed);
}

/** The payload of a document of this type by this key, {kid, key}; undefined if it is not that. */
export async function openSigned(bytes, { kid, key }, type) {
  const typ = Buffer.from(type);
  const length = typ.length < 24 ? [0x60 | typ.length] : [0x78, typ.length];
  const header = concat(
    Buffer.from('a301260444', 'hex'), Buffer.from(kid, 'hex'), Uint8Array.of(0x10, ...length), typ,
  );
  const parts = cut(bytes);
  if (!parts || hex(parts.header) !== hex(header) || !(await signatureHolds(parts, key))) return undefined;
  return parts.payload;
}

// --- Trust list and directory --------------------------------------------------------------------------------

const isWords = (value) => typeof value === 'string' && [...value].length <= 120;
const isAddress = isMatch(/^(https?:\/\/[!-~]+)?$/);
const isVersion = (value) => Number.isSafeInteger(value) && value >= 1;
const isListOf = (test, least = 0, most = Infinity) => (value) => (
  Array.isArray(value) && value.length >= least && value.length <= most && value.every(test)
);
const table = (members) => new Map(Object.entries(members));

const CONTACT = table({ body: isWords, phone: isWords, url: (value) => isAddress(value) && value.length <= 200 });
const isContact = (value) => fits(value, CONTACT);
const ISSUER = table({
  code: isIssuerCode, name: isWords, area: isMatch(/^[0-9]{6}$/), level: isWords, complaint: isContact,
});
const COSE_KEY = new Map([[1, isOneOf(2)], [-1, isOneOf(1)], [-2, isBytes(32)], [-3, isBytes(32)]]);
const KEY = table({
  cose_key: (value) => fits(value, COSE_KEY),
  alg: isOneOf(ES256),
  purpose: isOneOf('certificate', 'status'),
  kinds: isListOf(isKind),
  state: isOneOf('next', 'active', 'retired', 'compromised'),
  since: isSeconds,
});
const KEY_OPTIONAL = table({ issuer: isWords, signs_from: isSeconds, signs_until: isSeconds });
const STATUS_LISTS = table({ uri: isWords, size: isVersion });
const DATES = { version: isVersion, issued: isSeconds, ends: isSeconds };
const TRUST_LIST = table({
  ...DATES,
  issuers: isListOf((one) => fits(one, ISSUER), 1, MOST_ISSUERS),
  keys: isListOf((one) => fits(one, KEY, KEY_OPTIONAL), 1, MOST_KEYS),
  status_lists: (value) => fits(value, STATUS_LISTS),
});
const AGENCY = table({ issuer: isWords, name: isWords, complaint: isContact });
const DIRECTORY = table({ ...DATES, agencies: isListOf((one) => fits(one, AGENCY)) });

/** A P-256 public key with its kid: the first 4 bytes of the COSE key thumbprint (RFC 9679), in hexadecimal. */
export async function publicKey(x, y) {
  const coseKey = concat(Buffer.from('a401022001215820', 'hex'), x, Buffer.from('225820', 'hex'), y);
  const point = concat(Uint8Array.of(4), x, y);
  const key = await subtle.importKey('raw', point, P256, true, ['verify']).catch(() => {
    throw new NotTrusted('a key that is no point of P-256');
  });
  return { kid: hex((await sha256(coseKey)).subarray(0, 4)), key };
}

/** The pinned root key from its PEM file (SubjectPublicKeyInfo). */
export async function publicKeyOfPem(pem) {
  const der = Buffer.from(pem.replace(/-----(BEGIN|END) PUBLIC KEY-----|\s/g, ''), 'base64');
  const key = await subtle.importKey('spki', der, P256, true, ['verify']);
  const point = new Uint8Array(await subtle.exportKey('raw', key));
  return publicKey(point.subarray(1, 33), point.subarray(33));
}

/** The content of a document signed by the root, if it is of this type and form and has not ended. */
async function openDocument(bytes, { root, type, members, now }) {
  const payload = bytes.length <= LARGEST_LIST && await openSigned(bytes, root, type);
  if (!payload) throw new NotTrusted(`no ${type} of this root, or its signature does not hold`);
  const content = decodeOrNothing(payload);
  if (!fits(content, members)) throw new NotTrusted(`${type}: not the documented form`);
  if (content.get('ends') <= content.get('issued')) throw new NotTrusted(`${type}: ends before it begins`);
  if (now >= content.get('ends')) throw new NotTrusted(`${type}: has ended`);
  return content;
}

const ENDORSEMENT = table({ root: (value) => fits(value, COSE_KEY), issued: isSeconds });
const MOST_ENDORSEMENTS = 16;
const LARGEST_ENDORSEMENTS = 8192; // bytes

/**
 * The roots that may sign: those that are pinned, or what they handed over to.
 * @param {{kid: string, key: CryptoKey}[]} pinned the newest first
 * @param {Uint8Array} endorsements as served
 */
export async function rootsInForce(pinned, endorsements) {
  const documents = endorsements.length <= LARGEST_ENDORSEMENTS ? decodeOrNothing(endorsements) : undefined;
  if (!isListOf((one) => one instanceof Uint8Array, 0, MOST_ENDORSEMENTS)(documents)) {
    throw new NotTrusted('no endorsements');
  }
  const roots = [...pinned];
  const gone = new Set();
  for (const document of documents) {
    const parts = cut(document);
    const at = roots.findIndex(({ kid }) => parts && hex(parts.header).includes(kid));
    if (at < 0) continue; // from before the root that is pinned
    const payload = await openSigned(document, roots[at], 'application/liangzheng-root+cbor');
    const content = payload && decodeOrNothing(payload);
    if (!fits(content, ENDORSEMENT)) throw new NotTrusted('an endorsement that does not hold');
    const successor = await publicKey(content.get('root').get(-2), content.get('root').get(-3));
    if (gone.has(successor.kid)) throw new NotTrusted('a root hands over to one that was replaced');
    gone.add(roots[at].kid);
    roots.splice(at, 1, ...(roots.some(({ kid }) => kid === successor.kid) ? [] : [successor]));
  }
  return roots;
}

/**
 * Opens trust list and directory.
 * @param {Uint8Array} trustList @param {Uint8Array} directory as served, signed
 * @param {{kid: string, key: CryptoKey}[]} roots those in force
 * @param {number} now seconds. Keep `version` too, and refuse an older one than the last seen.
 */
export async function openTrustBy(trustList, directory, roots, now) {
  const header = hex(cut(trustList)?.header ?? []);
  const root = roots.find(({ kid }) => header.startsWith(`a301260444${kid}`));
  if (!root) throw new NotTrusted('no trust list of a root in force');
  return openTrust(trustList, directory, root, now);
}

/** The same with the one root that is pinned, {kid, key}. */
export async function openTrust(trustList, directory, root, now) {
  const list = await openDocument(trustList, {
    root, now, type: 'application/liangzheng-trust+cbor', members: TRUST_LIST,
  });
  const agencies = await openDocument(directory, {
    root, now, type: 'application/liangzheng-directory+cbor', members: DIRECTORY,
  });
  for (const name of ['version', 'ends']) {
    if (list.get(name) !== agencies.get(name)) throw new NotTrusted('the directory is of another trust list');
  }
  const issuers = new Map(list.get('issuers').map((issuer) => [issuer.get('code'), issuer]));
  if (issuers.size !== list.get('issuers').length) throw new NotTrusted('two issuers with the same code');
  const keys = new Map();
  for (const entry of list.get('keys')) {
    const { kid, key } = await publicKey(entry.get('cose_key').get(-2), entry.get('cose_key').get(-3));
    if (keys.has(kid)) throw new NotTrusted('two keys with the same kid');
    if (kid === root.kid) throw new NotTrusted('the root is named as a key');
    const scope = Object.fromEntries(entry);
    const isOfIssuer = scope.purpose === 'certificate' ? issuers.has(scope.issuer) : scope.issuer === undefined;
    if (!isOfIssuer) throw new NotTrusted('a certificate key without an issuer, or a status key with one');
    keys.set(kid, { ...scope, key });
  }
  const [version, ends] = [list.get('version'), list.get('ends')];
  const statusLists = list.get('status_lists').get('uri');
  return { version, ends, issuers, keys, statusLists, agencies: agencies.get('agencies') };
}
