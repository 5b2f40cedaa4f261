import { type LinkState, useLink } from './node-link.tsx';
import { useNow } from './parts/hooks.ts';
import { Icon } from './parts/icon.tsx';

/** Says that the node is away and when it is tried again; takes no room, so that nothing moves when it comes and goes. */
export function LinkBar() {
  const { retryNow, ...link } = useLink();
  if (link.state === 'open' || (link.state === 'connecting' && link.problem === undefined)) return null;
  return (
    <div className="link-bar" role="status">
      <Icon name="unplugged" />
      <span>
        <b>{link.state === 'lost' ? 'Lost the node' : 'No node yet'}</b>, <Retry link={link} />
        {link.problem && <span className="link-bar-why"> {link.problem}.</span>}
      </span>
      <button type="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}

function Retry({ link }: { readonly link: LinkState }) {
  const now = useNow(250);
  if (link.retryAt === undefined) return <>trying again…</>;
  const seconds = Math.ceil((link.retryAt - now) / 1_000);
  return <>{seconds > 0 ? `trying again in ${seconds} s.` : 'trying again…'}</>;
}
