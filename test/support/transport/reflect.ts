/**
 * As much of the package reflect-metadata as @peculiar/x509 insists on when it is loaded: what is said about a class is
 * kept beside it.
 */
const said = new WeakMap<object, Map<unknown, unknown>>();

const about = (target: object): Map<unknown, unknown> => {
  const facts = said.get(target) ?? new Map<unknown, unknown>();
  said.set(target, facts);
  return facts;
};

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object) => void about(target).set(key, value),
  getMetadata: (key: unknown, target: object) => about(target).get(key),
  getOwnMetadata: (key: unknown, target: object) => about(target).get(key),
  hasOwnMetadata: (key: unknown, target: object) => about(target).has(key),
  metadata: (key: unknown, value: unknown) => (target: object) => void about(target).set(key, value),
});
