import { count } from '../../parts/format.ts';
import { SECONDS } from './traffic.ts';

const WIDTH = 240;
const HEIGHT = 34;

/** Messages in each of the last seconds, as a line; its newest point is the present rate. */
export function Rate({ rates }: { readonly rates: readonly number[] }) {
  const most = Math.max(4, ...rates);
  const points = rates.map(
    (rate, at) =>
      `${((at / (SECONDS - 1)) * WIDTH).toFixed(1)},${(HEIGHT - 2 - (rate / most) * (HEIGHT - 6)).toFixed(1)}`,
  );
  const now = rates.at(-1) ?? 0;
  return (
    <div className="rate">
      <span className="rate-now">
        <b>{count(now)}</b> <span className="muted">messages/s</span>
      </span>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Messages in each of the last ${SECONDS} seconds, at most ${count(most)}`}
      >
        <polygon className="rate-area" points={`0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
        <polyline className="rate-line" points={points.join(' ')} />
      </svg>
    </div>
  );
}
