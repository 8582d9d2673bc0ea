import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As `restic cat masterkey` prints it. */
export interface MasterKey {
  mac: { k: string; r: string };
  encrypt: string;
}

/**
 * Adds a lock of a process on another machine to a repository that is a folder, as a killed mover leaves it. restic itself cannot
 * create an old lock. Returns the id of the lock.
 */
export async function leaveLock(
  folder: string,
  key: MasterKey,
  lock: { ageMs: number; exclusive: boolean },
): Promise<string> {
  const content = JSON.stringify({
    time: new Date(Date.now() - lock.ageMs).toISOString(),
    exclusive: lock.exclusive,
    hostname: 'volsync-src-of-a-lost-node',
    username: 'root',
    pid: 1,
  });
  const sealed = seal(key, Buffer.from(content));
  const id = createHash('sha256').update(sealed).digest('hex');
  await mkdir(join(folder, 'locks'), { recursive: true });
  await writeFile(join(folder, 'locks', id), sealed);
  return id;
}

/** Returns the ids of the locks in a repository. The folder may not exist: the S3 server deletes a folder with its last file. */
export async function locksIn(folder: string): Promise<string[]> {
  return readdir(join(folder, 'locks')).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  });
}

/** Encrypts in restic's file format: the nonce, AES-256 in counter mode, and Poly1305-AES over the ciphertext. */
function seal({ encrypt, mac }: MasterKey, plain: Buffer): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', Buffer.from(encrypt, 'base64'), nonce);
  const secret = Buffer.concat([cipher.update(plain), cipher.final()]);
  const block = createCipheriv('aes-128-ecb', Buffer.from(mac.k, 'base64'), null).setAutoPadding(false);
  const s = Buffer.concat([block.update(nonce), block.final()]);
  return Buffer.concat([nonce, secret, poly1305(secret, Buffer.from(mac.r, 'base64'), s)]);
}

function poly1305(message: Buffer, key: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const r = littleEndian(key) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % prime;
  }
  const tag = (sum + littleEndian(s)) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
