import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Spake2, scalarFrom } from '../../../main/adapters/identity/spake2.ts';

const { Point } = p256;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const scalar = (text: string) => BigInt(`0x${text}`);

/** RFC 9382, appendix B: SPAKE2-P256-SHA256-HKDF-HMAC. */
const VECTORS = [
  {
    idA: 'server',
    idB: 'client',
    w: '2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f',
    x: '43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729',
    y: 'dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be',
    shareA:
      '04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9010153ac33d0d5f2047ffdb1a3e42c9b4e6be662766e1eeb4116988ede5f912c',
    shareB:
      '0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d09857ccbc522686c83d1852abfa8ed6e4a1155cf8f1543ceca528afb591a1e0b7',
    sharedKey: '0e0672dc86f8e45565d338b0540abe69',
    ofA: '58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0',
    ofB: 'd3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b',
  },
  {
    idA: '',
    idB: 'client',
    w: '0548d8729f730589e579b0475a582c1608138ddf7054b73b5381c7e883e2efae',
    x: '403abbe3b1b4b9ba17e3032849759d723939a27a27b9d921c500edde18ed654b',
    y: '903023b6598908936ea7c929bd761af6039577a9c3f9581064187c3049d87065',
    shareA:
      '04a897b769e681c62ac1c2357319a3d363f610839c4477720d24cbe32f5fd85f44fb92ba966578c1b712be6962498834078262caa5b441ecfa9d4a9485720e918a',
    shareB:
      '04e0f816fd1c35e22065d5556215c097e799390d16661c386e0ecc84593974a61b881a8c82327687d0501862970c64565560cb5671f696048050ca66ca5f8cc7fc',
    sharedKey: '642f05c473c2cd79909f9a841e2f30a7',
    ofA: '47d29e6666af1b7dd450d571233085d7a9866e4d49d2645e2df975489521232b',
    ofB: '3313c5cefc361d27fb16847a91c2a73b766ffa90a4839122a9b70a2f6bd1d6df',
  },
  {
    idA: 'server',
    idB: '',
    w: '626e0cdc7b14c9db3e52a0b1b3a768c98e37852d5db30febe0497b14eae8c254',
    x: '07adb3db6bc623d3399726bfdbfd3d15a58ea776ab8a308b00392621291f9633',
    y: 'b6a4fc8dbb629d4ba51d6f91ed1532cf87adec98f25dd153a75accafafedec16',
    shareA:
      '04f88fb71c99bfffaea370966b7eb99cd4be0ff1a7d335caac4211c4afd855e2e15a873b298503ad8ba1d9cbb9a392d2ba309b48bfd7879aefd0f2cea6009763b0',
    shareB:
      '040c269d6be017dccb15182ac6bfcd9e2a14de019dd587eaf4bdfd353f031101e7cca177f8eb362a6e83e7d5e729c0732e1b528879c086f39ba0f31a9661bd34db',
    sharedKey: '005184ff460da2ce59062c87733c299c',
    ofA: 'bc9f9bbe99f26d0b2260e6456e05a86196a3307ec6663a18bf6ac825736533b2',
    ofB: 'c2370e1bf813b086dff0d834e74425a06e6390f48f5411900276dcccc5a297ec',
  },
  {
    idA: '',
    idB: '',
    w: '7bf46c454b4c1b25799527d896508afd5fc62ef4ec59db1efb49113063d70cca',
    x: '8cef65df64bb2d0f83540c53632de911b5b24b3eab6cc74a97609fd659e95473',
    y: 'd7a66f64074a84652d8d623a92e20c9675c61cb5b4f6a0063e4648a2fdc02d53',
    shareA:
      '04a65b367a3f613cf9f0654b1b28a1e3a8a40387956c8ba6063e8658563890f46ca1ef6a676598889fc28de2950ab8120b79a5ef1ea4c9f44bc98f585634b46d66',
    shareB:
      '04589f13218822710d98d8b2123a079041052d9941b9cf88c6617ddb2fcc0494662eea8ba6b64692dc318250030c6af045cb738bc81ba35b043c3dcb46adf6f58d',
    sharedKey: 'fc6374762ba5cf11f4b2caa08b2cd1b9',
    ofA: 'dfb4db8d48ae5a675963ea5e6c19d98d4ea028d8e898dad96ea19a80ade95dca',
    ofB: 'd0f0609d1613138d354f7e95f19fb556bf52d751947241e8c7118df5ef0ae175',
  },
] as const;

test.each(VECTORS)('the vector of RFC 9382 for A=$idA and B=$idB holds', (vector) => {
  const common = { password: scalar(vector.w), idA: vector.idA, idB: vector.idB };
  const a = new Spake2({ ...common, party: 'A', scalar: scalar(vector.x) });
  const b = new Spake2({ ...common, party: 'B', scalar: scalar(vector.y) });
  expect(hex(a.share)).toBe(vector.shareA);
  expect(hex(b.share)).toBe(vector.shareB);
  const [ofA, ofB] = [a.finish(b.share), b.finish(a.share)];
  expect(hex(ofA.sharedKey)).toBe(vector.sharedKey);
  expect(hex(ofB.sharedKey)).toBe(vector.sharedKey);
  expect(hex(ofA.confirmation)).toBe(vector.ofA);
  expect(hex(ofB.confirmation)).toBe(vector.ofB);
  expect(ofA.isConfirmedBy(ofB.confirmation)).toBe(true);
  expect(ofB.isConfirmedBy(ofA.confirmation)).toBe(true);
});

const PASSWORD = 12_345_678n;
const pair = (forA: object = {}, forB: object = {}) => {
  const common = { password: PASSWORD, idA: 'a', idB: 'b' };
  const a = new Spake2({ ...common, party: 'A', ...forA });
  const b = new Spake2({ ...common, party: 'B', ...forB });
  return [a.finish(b.share), b.finish(a.share)] as const;
};

describe('a side is not confirmed', () => {
  test.each<[string, object, object]>([
    ['that has another password', {}, { password: PASSWORD + 1n }],
    ['that means another node', {}, { idA: 'c' }],
    ['that is on another line', { associated: new Uint8Array(1) }, { associated: new Uint8Array(2) }],
  ])('%s', (_, forA, forB) => {
    const [a, b] = pair(forA, forB);
    expect(a.isConfirmedBy(b.confirmation)).toBe(false);
    expect(b.isConfirmedBy(a.confirmation)).toBe(false);
  });

  test('that sends our own confirmation back, or one of another length', () => {
    const [a, b] = pair();
    expect(a.isConfirmedBy(a.confirmation)).toBe(false);
    expect(a.isConfirmedBy(b.confirmation.subarray(1))).toBe(false);
    expect(a.isConfirmedBy(new Uint8Array())).toBe(false);
  });
});

describe('a share is refused', () => {
  const side = () => new Spake2({ party: 'A', password: PASSWORD, idA: 'a', idB: 'b' });
  const N = Point.fromHex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49');
  const base = Point.BASE.toBytes(false);
  test.each<[string, Uint8Array]>([
    ['that is empty', new Uint8Array()],
    ['that is the point at infinity', new Uint8Array(1)],
    ['that is all zero', new Uint8Array(65)],
    ['that is not on the curve', bytes(`04${'01'.repeat(64)}`)],
    ['whose coordinates are not below the prime', bytes(`04${'ff'.repeat(64)}`)],
    ['that is compressed', Point.BASE.toBytes(true)],
    ['that is cut', base.subarray(0, 64)],
    ['that goes on', bytes(`${hex(base)}00`)],
    ['that is a hybrid form', bytes(`06${hex(base).slice(2)}`)],
    ['that leads to the point at infinity', N.multiply(PASSWORD).toBytes(false)],
  ])('%s', (_, share) => {
    expect(() => side().finish(share)).toThrow(expect.objectContaining({ code: 'PAIRING_FAILED' }));
  });

  test('with any one bit changed it is refused, or confirms nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65 * 8 - 1 }), (bit) => {
        const a = side();
        const b = new Spake2({ party: 'B', password: PASSWORD, idA: 'a', idB: 'b' });
        const changed = Uint8Array.from(b.share);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const ofB = b.finish(a.share);
        let isConfirmed = false;
        try {
          isConfirmed = a.finish(changed).isConfirmedBy(ofB.confirmation);
        } catch {}
        expect(isConfirmed).toBe(false);
      }),
      { seed: 20_261_124, numRuns: 40 },
    );
  });
});

test('a scalar is never zero and always below the order', () => {
  const order = Point.Fn.ORDER;
  for (const wide of [0n, 1n, order - 2n, order - 1n, order, 2n ** 384n - 1n]) {
    const made = scalarFrom(bytes(wide.toString(16).padStart(96, '0')));
    expect(made > 0n && made < order).toBe(true);
  }
});
