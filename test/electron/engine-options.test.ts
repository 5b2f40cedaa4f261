import { expect, test } from 'vitest';
import { configFrom } from '../../main/config.ts';
import { engineOptionsFrom } from '../../main/electron/engine-options.ts';

test('the flags of the command line are understood, in both spellings', () => {
  expect(
    engineOptionsFrom(
      '--name press-line-3 --data-dir=/data --namespace hall --port 4000 --peer a:1 b:2 --machine robot press --loopback 7001 --no-advertise-types --no-machine-files --open'.split(
        ' ',
      ),
    ),
  ).toEqual({
    node: {
      name: 'press-line-3',
      dataDir: '/data',
      namespace: 'hall',
      port: 4000,
      peers: ['a:1', 'b:2'],
      loopbackPort: 7001,
      advertiseTypes: false,
      machineFiles: false,
      open: true,
    },
    machines: ['robot', 'press'],
  });
});

test('switches of Chromium and arguments of the system are passed over', () => {
  const args = '--no-sandbox --user-data-dir=/x --disable-features=A,B -psn_0_12345 out/desktop/main.js --name a'.split(
    ' ',
  );
  expect(engineOptionsFrom(args)).toEqual({ node: { name: 'a' }, machines: [] });
  expect(engineOptionsFrom([])).toEqual({ node: {}, machines: [] });
});

test('a flag without its value, or with no number, reaches the check of the configuration, which refuses it', () => {
  const { node, machines } = engineOptionsFrom(['--port', '4e3', '--loopback', '-1', '--name', '--machine']);
  expect(node).toEqual({ port: Number.NaN, loopbackPort: Number.NaN, name: '' });
  expect(machines).toEqual([]);
  expect(() => configFrom(node, {})).toThrow(/name: .*port: .*loopbackPort: /);
});

test('names of Object.prototype are no options', () => {
  expect(engineOptionsFrom(['--__proto__=x', '--constructor', 'y'])).toEqual({ node: {}, machines: [] });
});
