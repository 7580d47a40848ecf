// Gives the second opinion on test vectors: node answers.mjs FILE... | -
// FILE is a vector of tests/vectors/v1 (trust.json among them is passed over) or of status-lists-v1; - is a JSON array of vectors on
// standard input, whose `trust.file` is a path. Prints {name: {online: {verdict, reason}, offline: …}} as JSON,
// and exits 1 if an answer is not the one that its vector expects.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import process, { argv, stdin } from 'node:process';
import { text } from 'node:stream/consumers';

import { openTrust, publicKey } from './signed.mjs';
import { check } from './verify.mjs';

const bytes = (encoded) => new Uint8Array(Buffer.from(encoded, 'hex'));
const trusts = new Map();

async function readVectors(paths) {
  if (paths.length === 1 && paths[0] === '-') return JSON.parse(await text(stdin));
  const vectors = paths.map((path) => ({ ...JSON.parse(readFileSync(path, 'utf8')), folder: dirname(path) }));
  return vectors.filter((vector) => vector.stages || vector.token !== undefined);
}

/** Opens the vectors' trust list as of the day it came; whether it has ended since is a check of each code. */
async function trustOf({ folder = '', trust: { file, sha256 } }) {
  const path = resolve(folder, file);
  if (!trusts.has(path)) {
    const { root, trust, directory } = JSON.parse(readFileSync(path, 'utf8'));
    const pinned = await publicKey(bytes(root.x), bytes(root.y));
    const opened = await openTrust(bytes(trust), bytes(directory), pinned, 0);
    trusts.set(path, { opened, sha256: createHash('sha256').update(bytes(trust)).digest('hex') });
  }
  if (sha256 && sha256 !== trusts.get(path).sha256) throw new Error(`${path} is not the trust list that the vector names`);
  return trusts.get(path).opened;
}

const words = ({ verdict, reason }) => ({ verdict, reason });
const isSame = (one, other) => one.verdict === other.verdict && one.reason === other.reason;

const answers = {};
let agreed = true;
for (const vector of await readVectors(argv.slice(2))) {
  const { name, base_url: address, now, register, fresh, stages, expected } = vector;
  const trust = await trustOf(vector);
  if (vector.token !== undefined) {
    const statusList = { token: bytes(vector.token), fetched: vector.fetched };
    answers[name] = words(await check(vector.digits, { address, trust, now, statusList }));
    agreed = agreed && isSame(answers[name], expected);
    continue;
  }
  const online = words(await check(stages.text, { address, trust, now, register, fresh }));
  const offline = words(await check(stages.text, { address, trust, now }));
  answers[name] = { online, offline };
  agreed = agreed && isSame(online, expected) && isSame(offline, vector.offline ?? expected);
}
console.log(JSON.stringify(answers, null, 1));
process.exitCode = agreed ? 0 : 1;
