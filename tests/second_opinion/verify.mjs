// Verifies the codes of enforcement certificates, written from docs/code-format.md alone: a second opinion on
// the service's own verifier, and a start for an integrator's. Node 18 or newer; nothing else.
//
//   node verify.mjs --trust trust.cose --directory directory.cose --root root.pub.pem [--roots roots.cbor]
//     [--status-list list.cwt] [--address https://…] CODE
//
// prints {verdict, reason, …} as JSON and exits 0, whatever the verdict; 1 if the lists cannot be trusted, 2 on
// wrong usage. CODE is what a scanner reads, or - for a line on standard input. Offline means that nobody is
// asked: `valid` is then "genuine, and within its dates"; whether it was revoked since, the status list tells, and
// whether the register has it at all, only the register.

import { readFileSync, statSync } from 'node:fs';
import { argv, exit, stderr, stdin } from 'node:process';
import { text as readAll } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import {
  cut, decodeOrNothing, fits, hex, isBelow, isBytes, isIssuerCode, isKind, isOneOf, isSeconds, openTrustBy,
  publicKeyOfPem, rootsInForce, sha256, signatureHolds,
} from './signed.mjs';
import { statusOf } from './statuslist.mjs';

const BOUNDS = {
  text: 2048, digits: 1024, code: 424, words: 120, number: 32, categories: 8, lists: 1024, entries: 4194304,
};

const VERDICTS = {
  not_our_text: 'not_a_certificate', too_long: 'not_a_certificate', foreign_host: 'not_a_certificate',
  malformed: 'not_a_certificate', trust_expired: 'unconfirmed', unknown_key: 'forged', wrong_algorithm: 'forged',
  bad_signature: 'forged', wrong_purpose: 'forged', bad_claims: 'forged', wrong_issuer: 'forged',
  wrong_kind: 'forged', key_compromised: 'forged', not_registered: 'forged', differs_from_register: 'forged',
  status_stale: 'unconfirmed', void: 'revoked', withdrawn: 'revoked', cancelled: 'revoked', lost: 'revoked', replaced: 'revoked',
  expired: 'expired', not_yet_valid: 'not_yet_valid', suspended: 'suspended', valid: 'valid',
};

/** The first check that a code fails; `reason` is a key of VERDICTS. */
class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

// --- Text → bytes (check 1) ----------------------------------------------------------------------------------

const withoutPort = (address) => address.toLowerCase().replace(/:[0-9]{1,5}(?=\/|$)/, '');

/**
 * @param {string} text what a scanner read
 * @param {string} address the service's own, such as https://v.example.gov.cn
 * @returns {Uint8Array} the code's bytes
 */
export function bytesOfText(text, address) {
  if ([...text].length > BOUNDS.text) throw new Refused('too_long');
  const trimmed = text.replace(/^[ \t\n\r\u00a0\u3000]+|[ \t\n\r\u00a0\u3000]+$/g, '');
  const slash = trimmed.lastIndexOf('/');
  const digits = trimmed.slice(slash + 1);
  if (!/^[1-9][0-9]*$/.test(digits)) throw new Refused('not_our_text');
  if (digits.length > BOUNDS.digits) throw new Refused('too_long');
  const number = BigInt(digits).toString(16);
  const bytes = new Uint8Array(Buffer.from(number.length % 2 ? `0${number}` : number, 'hex'));
  if (slash >= 0) {
    const before = trimmed.slice(0, slash);
    const ours = /^[\x00-\x7f]*$/.test(before) && withoutPort(before) === withoutPort(address.replace(/\/$/, ''));
    const looksLikeOurs = before.includes('://') && bytes[0] === 0xd2 && bytes[1] === 0x84;
    if (!ours && !looksLikeOurs) throw new Refused('not_our_text');
    if (!ours && bytes.length <= BOUNDS.code) throw new Refused('foreign_host');
  }
  if (bytes.length > BOUNDS.code) throw new Refused('too_long');
  return bytes;
}

// --- Claims (check 6) ----------------------------------------------------------------------------------------

const SPELLING = ['\u180e', '\u202f', '\u200c', '\u200d']; // what Mongolian and Uyghur need
const RARE_HAN = /^[\u{20000}-\u{3fffd}]$/u;
const NOT_TEXT = /^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]$/u;

function isText(value) {
  if (typeof value !== 'string' || value.normalize('NFC') !== value) return false;
  const characters = [...value];
  if (characters.length < 1 || characters.length > BOUNDS.words) return false;
  const within = [' ', ...SPELLING];
  if (within.includes(characters[0]) || within.includes(characters.at(-1))) return false;
  return characters.every((c) => within.includes(c) || RARE_HAN.test(c) || !NOT_TEXT.test(c));
}

function isCategories(value) {
  if (!Array.isArray(value)) return isText(value);
  return value.length >= 2 && value.length <= BOUNDS.categories && value.every(isText);
}

/** An integer exactly if the number's text is that of an integer below 2^64; otherwise text. */
function isNumber(value) {
  if (typeof value === 'bigint') return value > 0n;
  if (typeof value === 'number') return value >= 0;
  if (typeof value !== 'string' || value.length > BOUNDS.number) return false;
  if (!/^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/.test(value)) return false;
  return !(/^(0|[1-9][0-9]*)$/.test(value) && BigInt(value) < 1n << 64n);
}

function isStatus(value) {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return isBelow(BOUNDS.lists)(value[0]) && isBelow(BOUNDS.entries)(value[1]);
}

const CERTIFICATE = -70001;
const FULL = new Map([
  [1, isNumber], [2, isKind], [3, isText], [4, isText], [5, isCategories], [6, isText], [8, isStatus],
]);
const FULL_OPTIONAL = new Map([[7, isOneOf(1, 2)], [9, isBytes(12)]]);
const RESTRICTED = new Map([[1, isNumber], [2, isKind], [8, isStatus], [10, isOneOf(true)]]);
const isCertificate = (value) => fits(value, FULL, FULL_OPTIONAL) || fits(value, RESTRICTED);
const CLAIMS = new Map([[1, isIssuerCode], [4, isSeconds], [5, isSeconds], [CERTIFICATE, isCertificate]]);

function readClaims(payload) {
  const claims = decodeOrNothing(payload);
  if (!fits(claims, CLAIMS) || claims.get(5) >= claims.get(4)) throw new Refused('bad_claims');
  const facts = claims.get(CERTIFICATE);
  const [list, index] = facts.get(8);
  return {
    issuer: claims.get(1), validFrom: claims.get(5), validUntil: claims.get(4), number: String(facts.get(1)),
    kind: facts.get(2), holder: facts.get(3), agency: facts.get(4), categories: [facts.get(5) ?? []].flat(),
    area: facts.get(6), powers: facts.get(7) ?? 0, list, index, photo: facts.get(9) && hex(facts.get(9)),
    restricted: facts.has(10),
  };
}

// --- The checks ----------------------------------------------------------------------------------------------

/** Checks 1 to 7: the certificate that the code carries, genuine by its signature and its key's scope. */
async function readGenuine(text, { address, trust, now }) {
  // 1 text → bytes
  const bytes = bytesOfText(text, address);

  // 2 structure; another alg of at most 5 bytes is well formed
  const parts = cut(bytes);
  const header = parts && decodeOrNothing(parts.header);
  const isAlgorithm = (value) => Number.isSafeInteger(value) && value >= -(2 ** 32) && value < 2 ** 32;
  if (!fits(header, new Map([[1, isAlgorithm], [4, isBytes(4)]]))) throw new Refused('malformed');
  if (parts.payload.length < 24) throw new Refused('malformed');

  // 3 the key
  if (now >= trust.ends) throw new Refused('trust_expired');
  const key = trust.keys.get(hex(header.get(4)));
  if (!key) throw new Refused('unknown_key');

  // 4 its algorithm, 5 its signature and purpose
  if (header.get(1) !== key.alg) throw new Refused('wrong_algorithm');
  if (!(await signatureHolds(parts, key.key))) throw new Refused('bad_signature');
  if (key.purpose !== 'certificate') throw new Refused('wrong_purpose');

  // 6 claims
  const certificate = readClaims(parts.payload);

  // 7 what the key may sign
  if (key.issuer !== certificate.issuer) throw new Refused('wrong_issuer');
  if (!key.kinds.includes(certificate.kind)) throw new Refused('wrong_kind');
  return { certificate, key, digest: hex((await sha256(parts.payload)).subarray(0, 12)) };
}

/** What the dates say: a reason, `valid` if the certificate is in force. */
function reasonByDates({ validFrom, validUntil }, now) {
  if (now >= validUntil) return 'expired';
  return now < validFrom ? 'not_yet_valid' : 'valid';
}

/** Nobody can be asked: a compromised key convinces no one, and the dates decide. */
function reasonOffline({ certificate, key }, { now }) {
  return key.state === 'compromised' ? 'key_compromised' : reasonByDates(certificate, now);
}

/** Nobody can be asked, but a status list: what it says, {token, fetched}, if it may be relied on. */
async function reasonByList({ certificate, key }, { statusList, trust, now }) {
  if (key.state === 'compromised') return 'key_compromised';
  const { list, index } = certificate;
  const status = await statusOf(statusList.token, { trust, list, index, now, fetched: statusList.fetched });
  if (status === 1) return 'void';
  const byDates = reasonByDates(certificate, now);
  if (byDates === 'expired') return 'expired';
  if (status === undefined) return 'status_stale';
  return byDates === 'valid' && status === 2 ? 'suspended' : byDates;
}

/**
 * Checks 8 to 11, by the register's entry for the list and index of the certificate.
 * `register` is {list, index, state, until, reason, digest}, or null if there is none; `fresh`, whether the
 * knowledge is recent enough.
 */
function reasonOnline({ certificate, digest }, { register, fresh, now }) {
  // 8 the register knows it
  const isKnown = register && register.list === certificate.list && register.index === certificate.index;
  if (!isKnown) return fresh ? 'not_registered' : 'status_stale';
  if (register.digest !== digest) return 'differs_from_register';

  // 10 what stays so, 9 freshness, and the rest of 10
  if (register.state === 'revoked') return register.reason;
  const byDates = reasonByDates(certificate, now);
  if (byDates === 'expired') return 'expired';
  if (!fresh) return 'status_stale';
  if (byDates === 'not_yet_valid') return 'not_yet_valid';
  const isSuspended = register.state === 'suspended' && (register.until === null || now < register.until);
  return isSuspended ? 'suspended' : 'valid'; // 11
}

/**
 * The answer to one code: {verdict, reason}, and the certificate where the checks allow to show it.
 * @param {string} text what a scanner read
 * @param {{address: string, trust: object, now: number, register?: object | null, fresh?: boolean}} known
 *   `register` absent: offline; then by `statusList`, {token: Uint8Array, fetched: seconds}, if there is one
 */
export async function check(text, known) {
  try {
    const genuine = await readGenuine(text, known);
    const reason = await reasonOf(genuine, known);
    const verdict = VERDICTS[reason];
    const isShown = verdict !== 'forged' && !(verdict === 'unconfirmed' && genuine.key.state === 'compromised');
    return { verdict, reason, certificate: isShown ? genuine.certificate : null };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { verdict: VERDICTS[error.reason], reason: error.reason, certificate: null };
  }
}

function reasonOf(genuine, known) {
  if (known.register !== undefined) return reasonOnline(genuine, known);
  return known.statusList ? reasonByList(genuine, known) : reasonOffline(genuine, known);
}

/** Where to complain: the agency's own contact, or the issuer's. */
function complaint({ issuer, agency }, { agencies, issuers }) {
  const own = agencies.find((one) => one.get('issuer') === issuer && one.get('name') === agency);
  return Object.fromEntries((own ?? issuers.get(issuer)).get('complaint'));
}

/** The certificate in the words of the service's answers (docs/integrators.md). */
function describe(certificate, { issuers }) {
  const { number, kind, holder, agency, categories, area, powers, photo, restricted, issuer } = certificate;
  return {
    number, kind: ['enforcement', 'supervision', 'ministry'][kind], holder, agency, categories, area,
    powers: ['all', 'entrusted', 'township'][powers],
    valid_from: new Date(certificate.validFrom * 1000).toISOString(),
    valid_until: new Date(certificate.validUntil * 1000).toISOString(),
    issuer: { code: issuer, name: issuers.get(issuer).get('name') }, photo, restricted,
  };
}

// --- Command -------------------------------------------------------------------------------------------------

const USAGE = `usage: node verify.mjs --trust FILE --directory FILE --root FILE.pem
  [--roots FILE] [--status-list FILE] [--address URL] CODE|-`;

class WrongUsage extends Error {}

async function readArguments() {
  const names = ['trust', 'directory', 'root', 'roots', 'status-list', 'address'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage(`${error.message}\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (!values.trust || !values.directory || !values.root || positionals.length !== 1) throw new WrongUsage(USAGE);
  const text = positionals[0] === '-' ? await readAll(stdin) : positionals[0];
  if (text.includes('/') && !values.address) throw new WrongUsage('the code has an address: --address, too');
  return { ...values, text };
}

async function main() {
  const { text, address, ...files } = await readArguments();
  const now = Math.floor(Date.now() / 1000);
  const root = await publicKeyOfPem(readFileSync(files.root, 'utf8'));
  const roots = await rootsInForce([root], files.roots ? readFileSync(files.roots) : Uint8Array.of(0x80));
  const trust = await openTrustBy(readFileSync(files.trust), readFileSync(files.directory), roots, now);
  const list = files['status-list'];
  const statusList = list && { token: readFileSync(list), fetched: statSync(list).mtimeMs / 1000 };
  const { verdict, reason, certificate } = await check(text, { address, trust, now, statusList });
  console.log(JSON.stringify({
    verdict, reason,
    certificate: certificate && describe(certificate, trust),
    complaint: certificate && complaint(certificate, trust),
    offline: true,
  }, null, 2));
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  main().catch((error) => {
    stderr.write(`${error.message}\n`);
    exit(error instanceof WrongUsage ? 2 : 1);
  });
}
